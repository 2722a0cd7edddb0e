"""The compressed body of a registration: what ends early, what lies about lengths, what inflates without end."""

import contextlib
import struct
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.compressed_registration import read, read_data_version, write
from tests.support.shared_topics import are_shared
from tests.wire.reference_frames import COMPRESSED_PLAIN

MAX = 1 << 20


def _int(number: int) -> bytes:
    return struct.pack(">i", number)


def _section(content: bytes) -> bytes:
    return _int(len(content)) + content


def _body(
    *lines: bytes, version: bytes = b"{}", filters: bytes = b"[]", count: int | None = None, rest: bytes = b""
) -> bytes:
    topics = b"".join(map(_section, lines))
    count = len(lines) if count is None else count
    return zlib.compress(_section(version) + _int(count) + topics + _section(filters) + rest)


def test_the_references_body() -> None:
    version, topics, mappings, filters = read(zlib.compress(COMPRESSED_PLAIN), mappings=True, max_inflated=MAX)
    assert version == DataVersion(0, 1_700_000_000_000, 3)
    assert topics == {"TBW102": QueueData(8, 8, 7, 0), "TopicTest": QueueData(4, 4, 6, 0)}
    assert mappings == {
        "StaticT": '{"bname":"broker-a","currIdMap":{"0":0,"1":1},"dirty":false,"epoch":1700000000001,'
        '"scope":"__global__","topic":"StaticT","totalQueues":2}'
    }
    assert filters == ()
    assert read(zlib.compress(COMPRESSED_PLAIN), mappings=False, max_inflated=MAX)[2] == {}
    assert zlib.decompress(write(version, topics, mappings, filters, with_mappings=True)) == COMPRESSED_PLAIN


def test_the_form_of_rocketmq_4() -> None:
    body = write(DataVersion(0, 1, 2), {"T": QueueData(1, 2, 6, 0)}, {}, None, with_mappings=False)
    assert zlib.decompress(body).endswith(_section(b"T 1 2 6 SINGLE_TAG") + _section(b"null"))
    for mappings in (False, True):
        assert read(body, mappings=mappings, max_inflated=MAX) == (DataVersion(0, 1, 2), {"T": (1, 2, 6, 0)}, {}, None)


def test_names_and_queues_are_shared_from_body_to_body() -> None:
    body = _body(b"Topic-A 1 2 6 X", b"Topic-B 1 2 4 X")
    one, other = (read(body, mappings=False, max_inflated=MAX)[1] for _ in range(2))
    assert are_shared(one, other)


@pytest.mark.parametrize(
    ("raw", "filters"),
    [
        (b"[]", ()),
        (b'["a:1","b:2"]', ("a:1", "b:2")),
        (b"null", None),
        (b"", None),
        (b"junk", ()),
        (b"[1]", ()),
        (b"[" * 9999, ()),
    ],
)
def test_filter_servers(raw: bytes, filters: tuple[str, ...] | None) -> None:
    assert read(_body(filters=raw), mappings=False, max_inflated=MAX)[3] == filters


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (_body(b"T 8 8"), "topic T"),
        (_body(b"T 8 8 99999999999 X"), "topic T"),
        (_body(b"T 8 2147483648 6 X"), "writeQueueNums"),
        (_body(b" 8 8 6 X"), "topicName"),
        (_body(b"\xff 8 8 6 X"), "utf-8"),
        (_body(b"T 8 8 6 X", count=3), "topic"),
        (_body(b"T 8 8 6 X", count=-1), "-1"),
        (_body(b"T 8 8 6 X", count=2**31 - 1), "topic"),
        (_body(version=b"junk"), "malformed"),
        (_body(version=b'{"counter":"x"}'), "counter"),
        (_body(version=b"[" * 5000), "object|nested"),
        (_body(version=b" " * 70_000), "data version"),
        (_body(rest=_int(1)), "mapping"),
        (_body(rest=_int(2**31 - 1)), "mapping"),
        (_body(rest=b"\x00"), "mappings"),
        (_body(rest=_int(1) + _section(b'{"topic":"T"}')), "bname"),
        (zlib.compress(b""), "data version"),
        (zlib.compress(_int(5) + b"{}"), "data version"),
        (zlib.compress(_int(-5) + b"{}"), "-5"),
        (b"", "cut off"),
        (b"x", "cut off"),
        (b"x\x00junk", "inflated"),
        (b"{}", "inflated"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read(body, mappings=True, max_inflated=MAX)


def test_a_body_cut_at_every_byte_is_refused() -> None:
    body = zlib.compress(COMPRESSED_PLAIN, 9)
    for cut in range(len(body)):
        with pytest.raises(ValueError):
            read(body[:cut], mappings=True, max_inflated=MAX)
    for cut in range(len(COMPRESSED_PLAIN) - 1):
        if cut != len(COMPRESSED_PLAIN) - 4 - 4 - 0x85:  # where the mappings begin: they may be absent
            with pytest.raises(ValueError):
                read(zlib.compress(COMPRESSED_PLAIN[:cut]), mappings=True, max_inflated=MAX)


def test_what_follows_the_stream_is_overlooked() -> None:
    assert read(zlib.compress(COMPRESSED_PLAIN) + b"more", mappings=True, max_inflated=MAX)[1]


def test_inflating_stops_at_the_bound() -> None:
    exact = len(COMPRESSED_PLAIN)
    assert read(zlib.compress(COMPRESSED_PLAIN), mappings=True, max_inflated=exact)[1]
    with pytest.raises(ValueError, match=f"more than {exact - 1} bytes"):
        read(zlib.compress(COMPRESSED_PLAIN), mappings=True, max_inflated=exact - 1)


def test_a_bomb_takes_no_memory() -> None:
    inflater, bomb = zlib.compressobj(9), b""
    for _ in range(256):
        bomb += inflater.compress(bytes(1 << 20))
    bomb += inflater.flush()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than"):
            read(bomb, mappings=True, max_inflated=MAX)
        with pytest.raises(ValueError):
            read_data_version(bomb)
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("room", [0, 400, 452, 453, 500, 5000, 60_000])
def test_the_data_version_alone(room: int) -> None:
    body = _body(b"T 8 8 6 X", version=b'{"counter":3,%b"timestamp":5}' % (b" " * room))
    assert read_data_version(body) == read(body, mappings=True, max_inflated=MAX)[0] == DataVersion(0, 5, 3)


@pytest.mark.parametrize(
    "body", [b"", b"x", b"x\x00junk", zlib.compress(b""), _body(version=b"junk"), _body(version=b" " * 70_000)]
)
def test_the_data_version_alone_is_refused_alike(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_data_version(body)


def test_the_data_version_alone_is_cheap() -> None:
    topics = {f"Topic-{number}": QueueData(number, 8, 6, 0) for number in range(10_000)}
    body = write(DataVersion(0, 5, 3), topics, {}, (), with_mappings=True)
    began = time.process_time()
    for _ in range(100):
        assert read_data_version(body) == DataVersion(0, 5, 3)
    alone = (time.process_time() - began) / 100
    began = time.process_time()
    assert len(read(body, mappings=True, max_inflated=MAX)[1]) == 10_000
    assert alone < (time.process_time() - began) / 20


@given(
    st.binary(max_size=60)
    | st.binary(max_size=200).map(zlib.compress)
    | st.binary(max_size=40).map(lambda rest: _body(rest=rest))
)
def test_no_other_error_than_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        read(body, mappings=True, max_inflated=MAX)
    with contextlib.suppress(ValueError):
        read_data_version(body)
