"""Data versions, topics and mappings: Java's defaults, ranges, names."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData, intern
from nsredis.wire.topics import (
    TopicConfig,
    read_configs,
    read_line,
    read_mapping,
    read_version,
    write_version,
)
from tests.support.shared_topics import are_shared

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.builds(DataVersion, INT64, INT64, INT64))
def test_a_version_that_is_written_is_read(version: DataVersion) -> None:
    assert read_version(write_version(version)) == version


def test_versions() -> None:
    assert read_version(b'{"counter":3,"timestamp":5}') == DataVersion(0, 5, 3)
    assert read_version(b"{counter:3, 'timestamp':5, stateVersion:1,new:[]}") == DataVersion(1, 5, 3)
    assert read_version(b"{}") == DataVersion()
    assert write_version(DataVersion(1, 2, 3)) == b'{"counter":3,"stateVersion":1,"timestamp":2}'


@pytest.mark.parametrize("field", ["counter", "stateVersion", "timestamp"])
@pytest.mark.parametrize("value", ["9223372036854775808", "-9223372036854775809", "1.5", "null", '"1"'])
def test_numbers_of_a_version_out_of_range_name_their_field(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=field):
        read_version(f'{{"{field}":{value}}}'.encode())


def test_topics_have_javas_defaults_and_share_their_queues() -> None:
    configs = msgspec.json.decode(
        b'[{"topicName":"A"},{"topicName":"B","readQueueNums":16,"order":true,"attributes":{"+a":"b"}},'
        b'{"topicName":"C","readQueueNums":1,"writeQueueNums":2,"perm":3,"topicSysFlag":4}]',
        type=list[TopicConfig],
    )
    topics = read_configs(configs)
    assert topics == {"A": QueueData(16, 16, 6, 0), "B": QueueData(16, 16, 6, 0), "C": QueueData(1, 2, 3, 4)}
    assert topics["A"] is topics["B"] is intern(QueueData(16, 16, 6, 0))


def test_names_and_queues_are_shared_from_body_to_body() -> None:
    raw = b'[{"topicName":"Topic-A"},{"topicName":"Topic-B","perm":3}]'
    one, other = (read_configs(msgspec.json.decode(raw, type=list[TopicConfig])) for _ in range(2))
    assert are_shared(one, other)


@pytest.mark.parametrize("field", ["readQueueNums", "writeQueueNums", "perm", "topicSysFlag"])
def test_numbers_of_a_topic_out_of_range_name_their_field(field: str) -> None:
    for value in (2**31, -(2**31) - 1):
        with pytest.raises(ValueError, match=field):
            msgspec.json.decode(f'{{"{field}":{value}}}', type=TopicConfig)


@pytest.mark.parametrize("name", [None, ""])
def test_a_topic_without_a_name_is_refused(name: str | None) -> None:
    with pytest.raises(ValueError, match="topicName"):
        read_configs([TopicConfig(topic_name=name)])


def test_lines() -> None:
    """Five fields in RocketMQ 4; attributes in RocketMQ 5, which may be absent or empty."""
    expected = QueueData(8, 4, 7, 0)
    for line in (
        b"8 4 7 SINGLE_TAG",
        b"8 4 7 SINGLE_TAG {}",
        b"8 4 7 MULTI_TAG ",
        b'8 4 7 X {"a":"b c"} {',
        b"+8 04 7 X",
    ):
        assert read_line(line) is intern(expected)
    assert read_line(b"-2147483648 2147483647 -1 X") == QueueData(-(2**31), 2**31 - 1, -1, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"8",
        b"8 8 6",
        b"8 8 6 ",
        b"8  8 6 X",
        b" 8 8 6 X",
        b"a 8 6 X",
        b"8 8 6.0 X",
        b"8 8 6_0 X",
        b"1" * 5000 + b" 8 6 X",
    ],
)
def test_lines_of_another_form_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="line"):
        read_line(line)


@pytest.mark.parametrize(("at", "field"), [(0, "readQueueNums"), (1, "writeQueueNums"), (2, "perm")])
@pytest.mark.parametrize("value", [b"2147483648", b"-2147483649", b"9999999999"])
def test_numbers_of_a_line_out_of_range_name_their_field(at: int, field: str, value: bytes) -> None:
    numbers = [b"8", b"8", b"6", b"X"]
    numbers[at] = value
    with pytest.raises(ValueError, match=field):
        read_line(b" ".join(numbers))


def test_a_mapping_in_either_form() -> None:
    legacy = (
        b'{"bname":"broker-a","currIdMap":{0:0,10:2,2:1},"dirty":false,"epoch":1700000000001,"scope":"__global__",'
        b'"topic":"S","totalQueues":11}'
    )
    mapping = read_mapping(legacy)
    standard = mapping.text()
    assert standard == (
        '{"bname":"broker-a","currIdMap":{"0":0,"10":2,"2":1},"dirty":false,"epoch":1700000000001,'
        '"scope":"__global__","topic":"S","totalQueues":11}'
    )
    assert read_mapping(standard.encode()) == mapping
    assert mapping.legacy() == legacy.replace(b"10:2,2:1", b"2:1,10:2")
    assert read_mapping(b'{"bname":"b","topic":"S","new":1}').text() == (
        '{"bname":"b","currIdMap":{},"dirty":false,"epoch":0,"scope":"__global__","topic":"S","totalQueues":0}'
    )


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b'{"bname":"b"}', "topic"),
        (b'{"topic":"S"}', "bname"),
        (b'{"topic":"S","bname":"b","currIdMap":{0:2147483648}}', "currIdMap"),
        (b'{"topic":"S","bname":"b","currIdMap":{x:0}}', "currIdMap"),
        (b'{"topic":"S","bname":"b","totalQueues":"many"}', "totalQueues"),
        (b"[]", "object"),
    ],
)
def test_mappings_that_are_none_name_the_field(raw: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_mapping(raw)
