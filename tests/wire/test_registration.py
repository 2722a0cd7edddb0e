"""Bodies of registrations in every form that a version of RocketMQ has sent, and some that none should."""

import contextlib
import json
import timeit
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData, intern
from nsredis.wire.commands import decode
from nsredis.wire.registration import (
    RegisterBody,
    body_crc,
    decode_register_body,
    encode_compressed_register_body,
    encode_register_body,
    read_data_version,
)
from tests.wire import reference_frames as reference

MAX = 1 << 20
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
NAMES = st.text("abcXYZ019_-%|é", min_size=1, max_size=12)
VERSION = DataVersion(0, 1_700_000_000_000, 3)
TOPICS = {"TBW102": QueueData(8, 8, 7, 0), "TopicTest": QueueData(4, 4, 6, 0)}
STATIC = (
    '{"bname":"broker-a","currIdMap":{"0":0,"1":1},"dirty":false,"epoch":1700000000001,"scope":"__global__",'
    '"topic":"StaticT","totalQueues":2}'
)


def _mapping(topic: str, ids: dict[int, int]) -> str:
    content = {
        "bname": "b",
        "currIdMap": ids,
        "dirty": False,
        "epoch": 1,
        "scope": "s",
        "topic": topic,
        "totalQueues": 2,
    }
    return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS).decode()


def _bodies(names: st.SearchStrategy[str], flags: st.SearchStrategy[int]) -> st.SearchStrategy[RegisterBody]:
    mapped = st.dictionaries(TEXTS, st.dictionaries(INT32, INT32, max_size=3), max_size=2)
    return st.builds(
        RegisterBody,
        data_version=st.builds(DataVersion, INT64, INT64, INT64),
        topics=st.dictionaries(names, st.builds(QueueData, INT32, INT32, INT32, flags), max_size=4),
        mappings=mapped.map(lambda ids: {topic: _mapping(topic, ids[topic]) for topic in ids}),
        filter_servers=st.none() | st.lists(TEXTS, max_size=2).map(tuple),
    )


def _read(body: bytes | None, version: int = 479, *, compressed: bool = False) -> RegisterBody:
    return decode_register_body(body, version, compressed=compressed, max_inflated=MAX)


@given(_bodies(TEXTS, INT32))
def test_json_that_is_written_is_read(body: RegisterBody) -> None:
    raw = encode_register_body(body)
    assert _read(raw) == body
    assert read_data_version(raw, 479, compressed=False) == body.data_version


@given(_bodies(NAMES, st.just(0)), st.booleans())
def test_compressed_bodies_that_are_written_are_read(body: RegisterBody, compressed: bool) -> None:
    """With the flag and, as RocketMQ 5 sends them, without."""
    raw = encode_compressed_register_body(body, mappings=True)
    assert _read(raw, compressed=compressed) == body
    assert read_data_version(raw, 479, compressed=compressed) == body.data_version
    of_4 = encode_compressed_register_body(body, mappings=False)
    for version in (399, 479):
        got = _read(of_4, version, compressed=compressed)
        assert (got.topics, got.filter_servers, got.mappings) == (body.topics, body.filter_servers, {})


def test_the_references_bodies() -> None:
    plain, compressed = decode(reference.REGISTER[4:]), decode(reference.REGISTER_COMPRESSED[4:])
    body = _read(plain.body)
    assert body == RegisterBody(VERSION, TOPICS, {}, ())
    assert body.topics["TBW102"] is intern(QueueData(8, 8, 7, 0))
    assert encode_register_body(body) == plain.body
    body = _read(compressed.body, compressed=True)
    assert body == RegisterBody(VERSION, TOPICS, {"StaticT": STATIC}, ())
    assert encode_compressed_register_body(body, mappings=True) == compressed.body
    for command in (plain, compressed):
        assert command.ext is not None
        assert str(body_crc(command.body)) == command.ext["bodyCrc32"]
        assert read_data_version(command.body, 479, compressed=command is compressed) == VERSION


def test_mappings_of_a_compressed_body_are_read_from_rocketmq_5_on() -> None:
    compressed = decode(reference.REGISTER_COMPRESSED[4:]).body
    assert _read(compressed, 413, compressed=True).mappings == {"StaticT": STATIC}
    assert _read(compressed, 412, compressed=True).mappings == {}


def test_the_crc_of_no_body_is_zero() -> None:
    assert body_crc(None) == 0
    assert body_crc(b"a") == 0xE8B7BE43 & 0x7FFFFFFF


@pytest.mark.parametrize(("version", "filters"), [(0, None), (36, None), (37, ()), (479, ())])
def test_an_absent_body(version: int, filters: tuple[str, ...] | None) -> None:
    for body in (None, b""):
        assert _read(body, version) == RegisterBody(DataVersion(), {}, {}, filters)
        assert read_data_version(body, version, compressed=True) == DataVersion()


OLD = b'{"dataVersion":{"counter":3,"timestamp":1700000000000},"topicConfigTable":{"T":{"topicName":"T","perm":4}}}'


@pytest.mark.parametrize("version", [0, 1, 36, 37, 479])
def test_either_json_form_is_read_under_every_version(version: int) -> None:
    topics = {"T": QueueData(16, 16, 4, 0)}
    assert _read(OLD, version) == RegisterBody(VERSION, topics, {}, None)
    for filters, expected in ((b"[]", ()), (b"null", None), (b'["h:1"]', ("h:1",))):
        new = b'{"filterServerList":%b,"topicConfigSerializeWrapper":%b}' % (filters, OLD)
        assert _read(new, version) == RegisterBody(VERSION, topics, {}, expected)
        assert read_data_version(new, version, compressed=False) == VERSION
    assert read_data_version(OLD, version, compressed=False) == VERSION


def test_a_json_body_that_lacks_everything() -> None:
    assert _read(b"{}") == RegisterBody(DataVersion(), {}, {}, ())
    assert _read(b"{}", 36) == RegisterBody(DataVersion(), {}, {}, None)
    for body in (
        b'{"topicConfigSerializeWrapper":{}}',
        b'{"topicConfigSerializeWrapper":{"dataVersion":null,"topicConfigTable":null}}',
    ):
        assert _read(body) == RegisterBody(DataVersion(), {}, {}, ())
        assert read_data_version(body, 479, compressed=False) == DataVersion()


def test_static_topics_come_with_bare_keys() -> None:
    body = (
        b'{"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"stateVersion":0,'
        b'"timestamp":1700000000000},"topicConfigTable":{"a \\"{1:2}\\"":{"topicName":"a \\"{1:2}\\""}},'
        b'"topicQueueMappingDetailMap":{"S":{"hostedQueues":{0:[{"x":1}]}}},'
        b'"topicQueueMappingInfoMap":{"StaticT":{"bname":"broker-a","currIdMap":{0:0,1:1},"dirty":false,'
        b'"epoch":1700000000001,"scope":"__global__","topic":"StaticT","totalQueues":2}}}}'
    )
    assert _read(body) == RegisterBody(VERSION, {'a "{1:2}"': QueueData(16, 16, 6, 0)}, {"StaticT": STATIC}, ())


def test_topics_are_known_by_their_own_names() -> None:
    body = _read(b'{"topicConfigSerializeWrapper":{"topicConfigTable":{"key":{"topicName":"T"}}}}')
    assert list(body.topics) == ["T"]


def _with_topic(fields: str) -> bytes:
    return f'{{"topicConfigSerializeWrapper":{{"topicConfigTable":{{"T":{{{fields}}}}}}}}}'.encode()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (_with_topic('"perm":6'), "topicName"),
        (_with_topic('"topicName":null'), "topicName"),
        *(
            (_with_topic(f'"topicName":"T","{field}":{value}'), field)
            for field in ("readQueueNums", "writeQueueNums", "perm", "topicSysFlag")
            for value in ("2147483648", "-2147483649", "1.5", '"8"')
        ),
        (b'{"topicConfigSerializeWrapper":{"dataVersion":{"counter":9223372036854775808}}}', "counter"),
        (b'{"topicConfigSerializeWrapper":[]}', "topicConfigSerializeWrapper"),
        (b'{"filterServerList":[1]}', "filterServerList"),
        (b"[]", "object"),
        (b"null", "object"),
        (b"hello", "malformed"),
        (b'{"topicConfigTable":{', "truncated|malformed"),
        (b'{"topicConfigTable":{"\xff":{}}}', "utf-8"),
        (b'{"x":' * 100_000, "nested"),
        (b"{x:" * 100_000, "nested"),
        (b'{"topicConfigTable":' + b"[" * 100_000, "topicConfigTable"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        _read(body)


def test_a_json_body_cut_at_every_byte_is_refused() -> None:
    body = decode(reference.REGISTER[4:]).body
    assert body is not None
    for cut in range(1, len(body)):
        with pytest.raises(ValueError):
            _read(body[:cut])


def test_a_bomb_does_not_inflate() -> None:
    with pytest.raises(ValueError, match="more than"):
        _read(zlib.compress(bytes(64 << 20), 9))


@given(st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_the_data_version_is_found_wherever_it_stands(random: Any, new: bool, indent: Any, tricky: bool) -> None:
    wrapper = {
        "dataVersion": {"counter": 3, "stateVersion": 1, "timestamp": 5},
        "mappingDataVersion": {"counter": 9, "stateVersion": 9, "timestamp": 9},
        "topicConfigTable": {"dataVersion": {"topicName": "dataVersion", "counter": 8}},
    }
    content: dict[str, Any] = wrapper
    if new:
        filters = ['[::1]:1"],{}', '"dataVersion":{"counter":7}'] if tricky else ["h:1"]
        content = {
            "filterServerList": filters,
            "topicConfigSerializeWrapper": wrapper,
            "x": {"dataVersion": {"counter": 6}},
        }

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        names = list(value)
        random.shuffle(names)
        return {name: shuffled(value[name]) for name in names}

    raw = json.dumps(shuffled(content), indent=indent).encode()
    assert read_data_version(raw, 479, compressed=False) == _read(raw).data_version == DataVersion(1, 5, 3)


def test_the_data_version_of_the_dialect() -> None:
    for body in (
        b"{topicConfigSerializeWrapper:{dataVersion:{counter:3}}}",
        b'{"topicConfigTable":{1:{}},"dataVersion":{counter:3}}',
    ):
        assert read_data_version(body, 479, compressed=False) == DataVersion(counter=3)


@pytest.mark.parametrize(
    "body", [b"[]", b"x", b"junk", b'{"dataVersion":{"counter":"x"}}', b'{"dataVersion":[]}', b'{"a":' * 100_000]
)
def test_a_data_version_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_data_version(body, 479, compressed=False)


@given(st.binary(max_size=60) | st.text("{}[]:,\"'\\ 0ae", max_size=60).map(str.encode), st.booleans(), st.integers())
def test_no_other_error_than_value_error(body: bytes, compressed: bool, version: int) -> None:
    with contextlib.suppress(ValueError):
        _read(body, version, compressed=compressed)
    with contextlib.suppress(ValueError):
        read_data_version(body, version, compressed=compressed)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: (
            st.dictionaries(
                st.sampled_from(
                    [
                        "topicConfigSerializeWrapper",
                        "dataVersion",
                        "topicConfigTable",
                        "topicName",
                        "perm",
                        "counter",
                        "filterServerList",
                        "topicQueueMappingInfoMap",
                    ]
                ),
                inner,
            )
            | st.lists(inner)
        ),
    ),
    st.booleans(),
)
def test_every_json_is_read_or_refused_and_the_data_version_is_the_same(content: Any, indented: bool) -> None:
    raw = json.dumps(content, indent=1 if indented else None).encode()
    try:
        body = _read(raw)
    except ValueError:
        return
    assert read_data_version(raw, 479, compressed=False) == body.data_version


def test_a_large_table_is_read_faster_than_plain_json_and_its_version_at_once() -> None:
    topics = {f"Topic-{number}": QueueData(8, 8, 6, 0) for number in range(10_000)}
    raw = encode_register_body(RegisterBody(VERSION, topics, {}, ()))

    def best(call: Any) -> float:
        return min(timeit.repeat(call, number=1, repeat=5))

    plain = best(lambda: orjson.loads(raw))
    assert best(lambda: _read(raw)) < 3 * plain  # it takes half of it; a loop in Python would take five times
    assert best(lambda: read_data_version(raw, 479, compressed=False)) < plain / 50
