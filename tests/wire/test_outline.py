"""What is read with the help of an outline is what the whole body says, for good bodies and for bad ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire import fastjson, outline
from nsredis.wire.outline import Outline, Reading, read
from nsredis.wire.registration import RegisterBody, decode_register_body, encode_register_body

VERSION = 479
FIRST = DataVersion(0, 1, 1)
MAPPING = '{"bname":"b","currIdMap":{"0":0},"dirty":false,"epoch":0,"scope":"s","topic":"topic-0001","totalQueues":1}'


@pytest.fixture(autouse=True, scope="module")
def small_slices() -> object:
    """A few topics in each slice, so that small tables have many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outline, "LARGE", 1)
        patch.setattr(outline, "SLICE", 200)
        yield


@dataclass
class Said:
    """A body in its parts, so that it can be written as different versions of RocketMQ do."""

    topics: dict[str, QueueData]
    version: DataVersion = FIRST
    mappings: dict[str, str] = field(default_factory=dict)
    filter_servers: tuple[str, ...] | None = ()
    attributes: dict[str, str] = field(default_factory=dict)

    def raw(self, form: str) -> bytes:
        """As RocketMQ 5 writes it, or 4, or before 3.0.11, or as JSON with blanks."""
        body = encode_register_body(RegisterBody(self.version, self.topics, self.mappings, self.filter_servers))
        body = body.replace(b'"attributes":{}', b'"attributes":%b' % orjson.dumps(self.attributes))
        content = fastjson.loads(body)
        if form == "5":
            return body
        if form == "blanks":
            return orjson.dumps(content, option=orjson.OPT_INDENT_2)
        wrapper = content["topicConfigSerializeWrapper"]
        wrapper = {name: wrapper[name] for name in ("dataVersion", "topicConfigTable")}
        return orjson.dumps(wrapper if form == "bare" else content | {"topicConfigSerializeWrapper": wrapper})


def _names(first: int, last: int) -> list[str]:
    return [f"topic-{number:04}" for number in range(first, last)]


def _table(names: list[str]) -> dict[str, QueueData]:
    return dict.fromkeys(names, QueueData(8, 8))


def _whole(body: bytes) -> RegisterBody | None:
    try:
        return decode_register_body(body, VERSION, compressed=False, max_inflated=0)
    except ValueError:
        return None


def _read(body: bytes, last: Outline | None = None) -> Reading:
    reading = read(body, VERSION, last)
    assert reading is not None
    assert reading.body == _whole(body)
    return reading


QUEUES = st.builds(QueueData, st.sampled_from([4, 8]), st.just(8), st.sampled_from([4, 6]), st.just(0))
TABLES = st.dictionaries(st.sampled_from([*_names(0, 40), "%RETRY%g", "ü", 'a"b', "},", "a b"]), QUEUES, min_size=1)
SAID = st.builds(
    Said,
    topics=TABLES,
    version=st.builds(DataVersion, st.just(0), st.integers(0, 99), st.integers(0, 99)),
    mappings=st.sampled_from([{}, {"topic-0001": MAPPING}]),
    filter_servers=st.sampled_from([None, (), ("h:1", "topicConfigTable")]),
    attributes=st.sampled_from([{}, {"+cleanup.policy": "DELETE"}, {"+a": '},"x":{'}]),
)


@given(st.lists(SAID, min_size=1, max_size=4), st.sampled_from(["5", "4", "bare"]), st.booleans(), TABLES)
def test_bodies_one_after_another(said: list[Said], form: str, alike: bool, shown: dict[str, QueueData]) -> None:
    """Whether they have much in common or not, and whatever the view shows."""
    last, attributes = None, said[0].attributes
    for one in said:
        if alike:
            one = replace(one, topics=said[0].topics | dict(list(one.topics.items())[:2]), attributes=attributes)
        reading = _read(one.raw(form), last)
        for known in (shown, {}, reading.last, one.topics):
            assert reading.unlike(known) == {topic: q for topic, q in one.topics.items() if known.get(topic) != q}
        last = reading.outline


PIECES = (
    b"",
    b",",
    b" ,",
    b"}",
    b"{",
    b'"',
    b"\\",
    b" ",
    b"},",
    b'},"x":{',
    b',"x":{"topicName":"x"}',
    b'"x":{"topicName":"y"},',
    b'"topic-0001":{"topicName":"topic-0001","perm":2},',
    b'"topicConfigTable":{"x":{"topicName":"x"}},',
    b'}},"topicQueueMappingDetailMap":{',
    b"null",
    b"\xff",
)


@pytest.mark.parametrize("piece", PIECES)
def test_bodies_that_are_broken_in_one_place(piece: bytes) -> None:
    """Nothing is read of what the whole decoder refuses, and nothing is read otherwise."""
    good = Said(_table(_names(0, 7)), mappings={"topic-0001": MAPPING}).raw("5")
    last = _read(good).outline
    for at in range(len(good)):
        for dropped in (0, 1):
            body = good[:at] + piece + good[at + dropped :]
            reading = read(body, VERSION, last)
            assert reading is None or reading.body == _whole(body)


@given(
    st.sampled_from(["5", "4", "bare", "blanks"]),
    st.integers(2, 40),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 300), st.sampled_from(PIECES)), min_size=1, max_size=3),
)
def test_bodies_that_are_broken_in_several_places(form: str, count: int, cuts: list[tuple[float, int, bytes]]) -> None:
    """With and without an outline."""
    good = Said(_table(_names(0, count)), mappings={"topic-0001": MAPPING}).raw(form)
    first = read(good, VERSION)
    body = good
    for where, dropped, put in cuts:
        at = int(where * len(body))
        body = body[:at] + put + body[at + dropped :]
    for last in (None, first.outline if first is not None else None):
        reading = read(body, VERSION, last)
        assert reading is None or reading.body == _whole(body)


def _after(old: Mapping[str, QueueData], new: dict[str, QueueData], form: str = "5") -> Reading:
    last = _read(Said(dict(old)).raw(form)).outline
    return _read(Said(new, DataVersion(0, 2, 200)).raw(form), last)


@pytest.mark.parametrize("form", ["5", "4", "bare"])
@pytest.mark.parametrize("topic", [0, 1, 500, 998, 999])
def test_of_one_changed_topic_only_its_neighbours_are_read(form: str, topic: int) -> None:
    table = _table(_names(0, 1000))
    name = f"topic-{topic:04}"
    altered = table | {name: QueueData(4, 4)}
    reading = _after(table, altered, form)
    assert 1 <= len(reading.read) < 6
    assert reading.unlike(reading.last) == {name: QueueData(4, 4)}

    without = {other: queues for other, queues in table.items() if other != name}
    assert len(_after(table, without, form).read) < 6
    more = _after(without, table, form)
    assert len(more.read) < 9
    assert more.unlike(more.last) == {name: QueueData(8, 8)}


def test_of_unchanged_topics_none_is_read_and_nothing_is_copied() -> None:
    table = _table(_names(0, 1000))
    reading = _after(table, table)
    assert not reading.read
    assert reading.outline.topics is reading.last
    assert reading.body.data_version == DataVersion(0, 2, 200)


def test_of_topics_that_have_nothing_in_common_all_are_read() -> None:
    table = _table(_names(0, 1000))
    altered = dict.fromkeys(table, QueueData(4, 4))
    for other in (altered, _table(_names(1000, 2000))):
        reading = _after(table, other)
        assert reading.outline.topics is reading.read
        assert reading.unlike(reading.last) == other


def test_slices_do_not_crumble(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often topics come in between, one by one."""
    monkeypatch.setattr(outline, "SLICE", 2000)
    names = _names(0, 300)
    last = _read(Said(_table(names[:50] + names[250:])).raw("5")).outline
    for count in range(50, 250):
        last = _read(Said(_table(names[:count] + names[250:])).raw("5"), last).outline
    assert len(last.slices) <= sum(one.length for one in last.slices) / (outline.SLICE / 2)


def _join(*members: bytes) -> bytes:
    return b'{"topicConfigTable":{%b}}' % b",".join(members)


def _member(name: bytes, own: bytes | None = None) -> bytes:
    return b'"%b":{"attributes":{},"order":false,"topicFilterType":"SINGLE_TAG","topicName":"%b","perm":6}' % (
        name,
        own or name,
    )


MANY = [_member(name.encode()) for name in _names(0, 30)]


@pytest.mark.parametrize(
    "body",
    [
        _join(*MANY, MANY[0]),
        _join(*MANY, _member(b"stray", b"other")),
        _join(*MANY, _member(b"")),
        _join(*MANY)[:-1] + b',"topicConfigTable":{}}',
        b'{"x":{"topicConfigTable":{%b}},"topicConfigTable":{%b}}' % (b",".join(MANY), MANY[0]),
        b'{"topicConfigTable":{%b},"x":{%b}}' % (MANY[0], b",".join(MANY)),
        b'{"topicConfigSerializeWrapper":null,"x":{"topicConfigTable":{%b}}}' % b",".join(MANY),
        *(_join(*MANY[:count], b"") for count in range(1, len(MANY))),
        *(_join(*MANY[:count], b"", *MANY[count:]) for count in range(len(MANY))),
        _join(*MANY)[:-1]
        + b',"topicQueueMappingDetailMap":{},"topicConfigTable":{"stand-in":{"topicName":"stand-in"}}}',
        _join(*MANY, b'"deep":{"topicName":"deep","attributes":' + b"[" * 5000 + b"]" * 5000 + b"}"),
        b'{"topicConfigTable":{}}',
        b"{topicConfigTable:{%b}}" % MANY[0],
        b"{}",
        b"",
    ],
)
def test_what_brokers_do_not_write_is_left_to_the_whole_decoder(body: bytes) -> None:
    last = _read(_join(*MANY)).outline
    assert read(body, VERSION) is None
    assert read(body, VERSION, last) is None


def test_small_tables_are_left_to_the_whole_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    body = _join(*MANY)
    monkeypatch.setattr(outline, "LARGE", len(body))
    assert read(body, VERSION) is None
