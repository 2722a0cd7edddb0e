"""A body that is read by its outline, against the table that is known, does the same as one that is read whole."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import BrokerKey, DataVersion, Registration
from nsredis.core.errors import InvalidField
from nsredis.core.queues import QueueData
from nsredis.registry import tables
from nsredis.registry.broker_store import MergedTable
from nsredis.registry.rows import data_version_text
from nsredis.registry.tables import Table
from nsredis.remoting.topic_body import Outlines, RemotingTopics
from nsredis.service.topic_bodies import check_body, merge
from nsredis.wire import outline
from nsredis.wire.registration import RegisterBody, encode_compressed_register_body

NAMES = st.sampled_from(["A", "B", "%RETRY%g", "a b", "ü", "S"])
BAD_NAMES = st.sampled_from(["", "a\nb", "x" * 1025])
QUEUES = st.builds(QueueData, st.sampled_from([1, 8]), st.just(8), st.sampled_from([2, 6]), st.sampled_from([0, 4]))
BAD_QUEUES = st.sampled_from([QueueData(-1), QueueData(8, 65537), QueueData(8, 8, 16)])
VERSIONS = st.sampled_from([DataVersion(0, 1, 1), DataVersion(0, 1, 2), None])
MAPPING = '{"bname":"b","currIdMap":{},"dirty":false,"epoch":0,"scope":"s","topic":"S","totalQueues":1}'


@st.composite
def tables_known(draw: st.DrawFn) -> Table:
    """A table as registrations and operators leave it."""
    topics = draw(st.dictionaries(NAMES, QUEUES))
    table = Table(draw(st.integers(0, 3)), topics, {}, draw(st.sampled_from(["", "body:d"])))
    for topic in draw(st.lists(NAMES, max_size=2, unique=True)):
        table = tables.delete_topic(table, topic, data_version_text(draw(VERSIONS)) or "body:d1")
    return replace(table, mappings={"S": MAPPING} if "S" in table.topics and draw(st.booleans()) else {})


@st.composite
def raw_bodies(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A body, and whether it is compressed."""
    names = NAMES | BAD_NAMES if draw(st.integers(0, 9)) == 0 else NAMES
    queues = QUEUES | BAD_QUEUES if draw(st.integers(0, 9)) == 0 else QUEUES
    topics = draw(st.dictionaries(names, queues))
    mappings = {"S": MAPPING} if draw(st.booleans()) else {}
    if draw(st.integers(0, 4)) == 0:
        return encode_compressed_register_body(RegisterBody(DataVersion(), topics, mappings, ()), mappings=True), True
    strays = draw(st.dictionaries(names, st.none() | names, max_size=1)) if draw(st.integers(0, 4)) == 0 else {}
    configs: dict[str, dict[str, Any]] = {
        topic: {
            "order": draw(st.booleans()),
            "perm": numbers.perm,
            "readQueueNums": numbers.read_queue_nums,
            "topicName": strays.get(topic, topic),
            "topicSysFlag": numbers.topic_sys_flag,
            "writeQueueNums": numbers.write_queue_nums,
        }
        for topic, numbers in topics.items()
    }
    mapped = {topic: orjson.loads(mapping) for topic, mapping in mappings.items()}
    wrapper = {"topicConfigTable": configs, "topicQueueMappingDetailMap": {}, "topicQueueMappingInfoMap": mapped}
    return orjson.dumps({"topicConfigSerializeWrapper": wrapper}), False


@pytest.fixture(autouse=True, scope="module")
def small_slices() -> Iterator[None]:
    """So that there is an outline of every body."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outline, "LARGE", 1)
        patch.setattr(outline, "SLICE", 100)
        yield


class WholeTopics(RemotingTopics):
    """A body of which always all topics are told."""

    def decode(self, known: Mapping[str, QueueData]) -> Mapping[str, QueueData]:
        return super().decode({})


def _topics(of: type[RemotingTopics], raw: tuple[bytes, bool], outlines: Outlines, name: str = "a") -> RemotingTopics:
    body, compressed = raw
    return of(body, 479, compressed=compressed, max_inflated=1 << 20, broker=BrokerKey(name, 0), outlines=outlines)


@given(
    tables_known(),
    raw_bodies(),
    st.sampled_from("ab"),
    st.booleans(),
    raw_bodies(),
    VERSIONS,
    st.booleans(),
    st.none() | tables_known(),
)
def test_the_same_table_delta_checks_and_errors(
    shown: Table,
    before: tuple[bytes, bool],
    by: str,
    had_replaced: bool,
    raw: tuple[bytes, bool],
    version: DataVersion | None,
    replaces: bool,
    moved: Table | None,
) -> None:
    """Whatever it or another one said before, and also when the table moved between the checks and the merging."""
    outlines = Outlines()
    with suppress(InvalidField):
        said = _topics(RemotingTopics, before, outlines, by)
        check_body(said, {}, foreign=True)
        if by == "a":
            before_version = tables.body_version(data_version_text(version), said.digest)
            shown = tables.apply_body(shown, said.read({}).topics, before_version, replaces=had_replaced)
        said.accepted()
    part, whole = _topics(RemotingTopics, raw, outlines), _topics(WholeTopics, raw, Outlines())
    r = Registration("c", "a", 0, "h:1", data_version=version, topics=part, replaces_table=replaces, foreign=True)
    assert _error(lambda: check_body(part, shown.topics, foreign=True)) == _error(
        lambda: check_body(whole, shown.topics, foreign=True)
    )
    base = shown if moved is None else moved
    expected = _outcome(lambda: merge(base, whole, r))
    assert _outcome(lambda: merge(base, part, r)) == expected
    if not isinstance(expected, str):
        assert part.decode({}) == whole.decode({})


def _error(work: Callable[[], None]) -> str:
    try:
        work()
    except InvalidField as error:
        return str(error)
    return ""


def _outcome(work: Callable[[], MergedTable]) -> tuple[Table, tables.Delta | None] | str:
    try:
        table = work()
    except InvalidField as error:
        return str(error)
    told, found = (tables.encode_delta(table.base, table.merged, among) for among in (table.topics, None))
    assert bool(told) == bool(found)
    delta = tables.decode_delta(told) if told else None
    assert delta == (tables.decode_delta(found) if found else None)
    return table.merged, delta
