"""The short way of route queries and the general way give the same bytes, whatever is asked."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsredis.core.brokers import Broker, BrokerKey, Group, Override
from nsredis.core.kv import KvEntry
from nsredis.core.observer import SilentObserver
from nsredis.core.queues import QueueData
from nsredis.core.routes import ORDER_NAMESPACE
from nsredis.registry.tables import Table
from nsredis.remoting import header_memo
from nsredis.remoting.connection import Connection
from nsredis.remoting.limits import Budget, Limits
from nsredis.remoting.name_server import NameServer
from nsredis.remoting.route_shortcut import MOST_AT_ONCE, RouteShortcut
from nsredis.remoting.shared import Shared
from nsredis.service.doors import Services
from nsredis.service.query_service import QueryService
from nsredis.view.answers import Answer
from nsredis.view.state import State
from nsredis.view.table_change import TableChange
from nsredis.view.view import View
from nsredis.wire.codes import OUR_VERSION
from nsredis.wire.commands import Command, Serialization, encode
from tests.remoting.scripted_door import Remembering

TOPICS = ["TopicA", "TopicB", "%RETRY%group", "thema-ü", 'quo"te', "back\\slash", "Нет"]
"""What is offered at first, but for the last one."""


@dataclass
class Wire:
    """A transport that keeps what is written, and is cut off by `abort` and `close`."""

    written: list[bytes] = field(default_factory=list)
    writes: int = 0
    ended: bool = False

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.writes += 1

    def writelines(self, frames: list[bytes]) -> None:
        self.written += frames
        self.writes += 1

    def close(self) -> None:
        self.ended = True

    abort = close

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Both:
    """The same reads through two connections to one view: one has the shortcut."""

    def __init__(self) -> None:
        self.view = View(SilentObserver())
        self.queries = QueryService(self.view, None, lambda: "not yet")  # type: ignore[arg-type]  # nothing follows
        services = Services(None, self.queries, *[None] * 5)  # type: ignore[arg-type]  # no other verb is asked
        self.door = NameServer(services, dict, updates_allowed=False, max_inflated=1 << 20)
        self.observers = (Remembering(), Remembering())
        self.shortcut = RouteShortcut(self.queries)

    def answers(self, *reads: bytes) -> tuple[tuple[bytes, bool], tuple[bytes, bool]]:
        """What the general way writes to these reads and whether it cuts the peer off, and what the short one does."""
        general = self._through(0, reads)
        return general, self._through(1, reads)

    def _through(self, which: int, reads: tuple[bytes, ...]) -> tuple[bytes, bool]:
        shortcut = self.shortcut if which else None
        limits = Limits()
        shared = Shared(
            self.door,
            self.observers[which],
            limits,
            Budget(limits.held_bytes),
            Budget(limits.unfinished_bytes),
            shortcut,
        )
        wire = Wire()
        connection = Connection(shared, "10.9.9.9:1", secure=False, ended=lambda: None)
        connection.connection_made(wire)  # type: ignore[arg-type]
        for read in reads:
            connection.data_received(read)
        assert wire.writes <= 2 * len(reads)
        return b"".join(wire.written), connection.closing


def filled(state: State) -> None:
    for name in ("a", "b"):
        for number in (0, 1):
            key = BrokerKey(name, number)
            state.set_broker(key, Broker("c", name, number, f"10.0.0.{number}:1", 1, 30_000, 1, 1))
        state.set_group(name, Group(name, "c", {0: "10.0.0.0:1", 1: "10.0.0.1:1"}))
        topics = dict.fromkeys(TOPICS[:-1], QueueData())
        state.set_table(TableChange(name, Table(1, topics), TOPICS[:-1], [], []))


CHANGES: dict[str, Callable[[State], None]] = {
    "a limit": lambda state: state.set_group("a", Group("a", "c", {0: "10.0.0.0:1"}, Override(4))),
    "a new address": lambda state: state.set_group("b", Group("b", "c", {0: "10.7.7.7:1"})),
    "a master leaves": lambda state: state.set_group("a", Group("a", "c", {1: "10.0.0.1:1"})),
    "altered queues": lambda state: state.set_table(
        TableChange("a", Table(2, dict.fromkeys(TOPICS[:-1], QueueData(1, 1, 6))), [], [], TOPICS[:-1])
    ),
    "a topic of a gone": lambda state: state.set_table(
        TableChange("a", Table(3, dict.fromkeys(TOPICS[1:-1], QueueData())), [], ["TopicA"], [])
    ),
    "a topic of b gone": lambda state: state.set_table(
        TableChange("b", Table(3, dict.fromkeys(TOPICS[1:-1], QueueData())), [], ["TopicA"], [])
    ),
    "all of a": lambda state: state.set_group("a", None),
    "all of b": lambda state: state.set_group("b", None),
    "an order": lambda state: state.set_kv(
        ORDER_NAMESPACE, {"TopicA": KvEntry(ORDER_NAMESPACE, "TopicA", "a:4;b:4", 1)}
    ),
    "orders count": lambda state: state.set_settings({"orderMessageEnable": "true"}),
    "orders count no more": lambda state: state.set_settings({}),
}


OPAQUES = st.one_of(st.sampled_from([0, 1, 9, 10, 77, 4711, 123_456, 2**31 - 1]), st.integers(-9, 2**31 - 1))
VERSIONS = st.sampled_from([0, 317, 400, 401, OUR_VERSION])

ODD: dict[str, list[Any]] = {
    "code": [106, 206, 0, "105", 105.0, None],
    "opaque": [-1, 2**31, -(2**31) - 1, 1.0, 1.5, 1e3, "7", "x", None, True],
    "flag": [1, 2, 3, 4, None, "0"],
    "version": [-1, 2**31, "479", None, 401.0],
    "language": ["odd", 9, None, {}],
    "remark": ["words", 3],
    "extFields": [None, "none", [], {}],
    "unknown": [[1, {"opaque": 3}]],
}
"""What a field of a header may be in place of what it should be."""

ODD_PARAMETERS: dict[str, list[Any]] = {
    "topic": ["", "Nope", 7, None, True, ["TopicA"]],
    "acceptStandardJsonOnly": ["true", "TRUE", "false", "", True, None],
    "__ZONE_MODE": ["true", "false", "", None],
    "__ZONE_NAME": ["z1", " ", ""],
    "brokerName": ['"opaque":5,"topic":"TopicB"'],
    "opaque": ["5", 5],
}


@st.composite
def odd_headers(draw: st.DrawFn) -> bytes:
    """JSON headers in any order, with a few fields missing, wrong or twice, and with blanks."""
    ext: dict[str, Any] = {"topic": draw(st.sampled_from(TOPICS))}
    for name in draw(st.lists(st.sampled_from(list(ODD_PARAMETERS)), max_size=2)):
        ext[name] = draw(st.sampled_from(ODD_PARAMETERS[name]))
    header = {"code": 105, "opaque": draw(OPAQUES), "flag": 0, "version": draw(VERSIONS), "extFields": ext}
    for name in draw(st.lists(st.sampled_from(list(ODD)), max_size=2)):
        header[name] = draw(st.sampled_from(ODD[name]))
    items = list(draw(st.permutations(list(header.items()))))
    if draw(st.integers(0, 7)) == 0:
        items.pop()
    if draw(st.integers(0, 7)) == 0:
        items.append(draw(st.sampled_from([("opaque", 77), ("extFields", {"topic": "TopicB"})])))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    plain = draw(st.booleans())
    return (
        "{" + comma.join(f"{json.dumps(k)}{colon}{json.dumps(v, ensure_ascii=plain)}" for k, v in items) + "}"
    ).encode()


def framed(header: bytes, form: int = 0, body: bytes = b"") -> bytes:
    return (4 + len(header) + len(body)).to_bytes(4) + bytes([form]) + len(header).to_bytes(3) + header + body


@st.composite
def plain_frames(draw: st.DrawFn) -> bytes:
    """What clients send."""
    ext = {"topic": draw(st.sampled_from([*TOPICS, "Nope"]))}
    zone = {"__ZONE_MODE": "true", "__ZONE_NAME": "z"}
    ext |= draw(st.sampled_from([{}, {}, {}, {"acceptStandardJsonOnly": "true"}, zone]))
    return encode(
        Command(
            draw(st.sampled_from([105] * 9 + [206])),
            draw(OPAQUES),
            draw(st.sampled_from([0] * 9 + [1, 2, 64])),
            draw(VERSIONS),
            draw(st.sampled_from(["JAVA", "GO", "CPP"])),
            ext=draw(st.sampled_from([ext] * 9 + [None])),
            body=draw(st.sampled_from([None] * 9 + [b"a body"])),
            serialization=draw(st.sampled_from(Serialization)),
        )
    )


@st.composite
def broken_frames(draw: st.DrawFn) -> bytes:
    """Good frames with some bytes changed or cut out."""
    frame = bytearray(draw(plain_frames()))
    for _ in range(draw(st.integers(1, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(frame)))
    return bytes(frame[:cut] + frame[cut + draw(st.integers(0, 1)) :])


FRAMES = st.one_of(*[plain_frames()] * 5, *[odd_headers().map(framed)] * 4, broken_frames())


@st.composite
def stories(draw: st.DrawFn) -> list[str | list[bytes]]:
    """Reads, cut anywhere, with changes in between."""
    chapters: list[str | list[bytes]] = []
    for _ in range(draw(st.integers(1, 4))):
        data = b"".join(draw(st.lists(FRAMES, min_size=1, max_size=6)))
        at = draw(st.integers(0, len(data)))
        reads = [data] if draw(st.booleans()) else [data[:at], data[at:]]
        chapters.append([read for read in reads if read])
        chapters.append(draw(st.sampled_from(list(CHANGES))))
    return chapters


def agree(general: tuple[bytes, bool], short: tuple[bytes, bool]) -> bool:
    """Assert that both ways did the same; whether they may be counted alike, too."""
    assert short[1] == general[1]
    if general[1] and short != general:
        # Of a read that ends a connection, the general way need not answer what came before.
        assert short[0].startswith(general[0])
        return False
    assert short == general
    return True


@settings(max_examples=150, deadline=None)
@given(story=stories())
async def test_both_ways_write_the_same_bytes_and_count_alike(story: list[str | list[bytes]]) -> None:
    both = Both()
    state = State(1, "t")
    filled(state)
    both.view.publish(state)
    for chapter in story:
        if isinstance(chapter, str):
            both.view.apply([CHANGES[chapter]], [], both.view.revision + 1, chapter)
            continue
        for _ in range(2):  # the second time everything is at hand
            if not agree(*both.answers(*chapter)):
                return
    assert both.observers[0].answered == both.observers[1].answered
    assert both.observers[0].malformed == both.observers[1].malformed


NUMBERS = st.one_of(
    st.integers(0, 2**31 - 1).map(str),
    st.from_regex(r"[0-9]{1,11}", fullmatch=True),
    st.sampled_from(["", "00", "007", "1.0", "-1", "1e1", " 12", "12 ", '"12"', "\u0661\u0662", "12,", '1,"code":5']),
)


@settings(max_examples=300, deadline=None)
@given(
    header=st.one_of(odd_headers(), plain_frames().map(lambda frame: frame[8:])), number=NUMBERS, at=st.integers(0, 3)
)
async def test_a_header_that_was_read_before_but_for_its_number_is_answered_alike(
    header: bytes, number: str, at: int
) -> None:
    both = Both()
    state = State(1, "t")
    filled(state)
    both.view.publish(state)
    for topic in TOPICS[:-1]:
        both.queries.route(topic)
    matches = list(re.finditer(rb'"opaque": ?(\d+)', header))
    others = []
    if matches:
        digits = matches[at % len(matches)]
        before, old, after = header[: digits.start(1)], digits[1], header[digits.end(1) :]
        new = number.encode()
        others = [before + one + after for one in (new, new[: len(old)].rjust(len(old), b"0"))]
    frames = [framed(one) for one in (header, *others, header)]
    agree(*both.answers(*frames))
    agree(*both.answers(b"".join(frames)))


def query(topic: str, opaque: int = 5, version: int = OUR_VERSION, form: Serialization = Serialization.JSON) -> bytes:
    return encode(Command(105, opaque, 0, version, ext={"topic": topic}, serialization=form))


@pytest.fixture
def both() -> Both:
    """With a view in which both routes of TopicA are at hand."""
    both = Both()
    state = State(1, "t")
    filled(state)
    both.view.publish(state)
    both.queries.route("TopicA")
    both.queries.legacy_route("TopicA")
    return both


@pytest.mark.parametrize("form", Serialization)
@pytest.mark.parametrize("version", [317, OUR_VERSION])
def test_what_clients_send_takes_the_short_way(both: Both, form: Serialization, version: int) -> None:
    data = b"".join(query("TopicA", opaque, version, form) for opaque in (0, 9, 10, 2**31 - 1))
    parts: list[bytes] = []
    at, count, size = both.shortcut.answer(data, 0, parts)
    assert (at, count) == (len(data), 4)
    assert 4 * 200 < size < len(b"".join(parts)) < size + 4 * 200


@pytest.mark.parametrize(
    "frame",
    [
        query("TopicB"),
        query("Nope"),
        query("TopicA", -1),
        query("TopicA")[:-1],
        encode(Command(105, 5, 2, OUR_VERSION, ext={"topic": "TopicA"})),
        encode(Command(105, 5, 1, OUR_VERSION, ext={"topic": "TopicA"})),
        encode(Command(106, 5, 0, OUR_VERSION, ext={"topic": "TopicA"})),
        encode(Command(105, 5, 0, OUR_VERSION, ext={"topic": "TopicA"}, body=b"body")),
        encode(Command(105, 5, 0, OUR_VERSION, ext={"topic": "TopicA", "__ZONE_MODE": "false"})),
        encode(Command(105, 5, 0, 317, ext={"topic": "TopicA", "acceptStandardJsonOnly": "false"})),
    ],
)
def test_everything_unusual_takes_the_general_way(both: Both, frame: bytes) -> None:
    parts: list[bytes] = []
    good = query("TopicA")
    assert both.shortcut.answer(good + frame + good, 0, parts)[:2] == (len(good), 1)
    assert both.shortcut.answer(frame, 0, parts)[:2] == (0, 0)


def test_nothing_is_answered_without_a_view_or_from_an_older_one(both: Both) -> None:
    empty = Both()
    assert empty.shortcut.answer(query("TopicA"), 0, []) == (0, 0, 0)
    both.view.publish(State(2, "other"))
    assert both.shortcut.answer(query("TopicA"), 0, []) == (0, 0, 0)


def asked(opaque: int, topic: str = "TopicA", **more: str) -> bytes:
    return encode(Command(105, opaque, 0, OUR_VERSION, ext={"topic": topic, **more}))


async def test_a_header_is_read_once_for_all_numbers_with_as_many_digits(both: Both) -> None:
    frames = [asked(number) for number in (10, 11, 99, 100, 999)]
    for frame in frames:
        both.shortcut.answer(frame, 0, [])
    assert {known.digits for known in both.shortcut.memo.known.values()} == {2, 3}
    parts: list[bytes] = []
    data = b"".join(frames) * 200
    at = count = 0
    while at < len(data):
        at, more, _ = both.shortcut.answer(data, at, parts)
        count += more
    assert count == 1000
    assert b"".join(parts) == both.answers(*[b"".join(frames) * 40] * 5)[0][0]
    assert len(both.shortcut.memo.known) == 2


@pytest.mark.parametrize(
    "other",
    [
        asked(78).replace(b'"version":479', b'"version":317'),
        asked(78).replace(b'"version":479', b'"version":47x'),
        asked(78).replace(b'"JSON"', b'"JSOM"'),
        asked(78)[:-1],
        asked(78)[:-40],
        asked(78)[:-1] + b" ",
    ],
)
async def test_what_follows_the_number_has_to_be_the_same(both: Both, other: bytes) -> None:
    assert both.shortcut.answer(asked(77), 0, [])[1] == 1
    agree(*both.answers(asked(79) + other, asked(80)))


def test_a_full_memo_begins_anew_after_many_misses(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header_memo, "KEPT", 3)
    known = both.shortcut.memo.known
    for number in range(2 + 3 + 8 * 3):
        frame = asked(10 + number, brokerName=f"b{number}")
        assert both.shortcut.answer(frame, 0, [])[1] == 1
        assert len(known) == (min(number + 1, 3) if number < 3 + 8 * 3 - 1 else number - 3 - 8 * 3 + 2)


def test_a_header_whose_number_is_said_elsewhere_too_is_not_remembered(both: Both) -> None:
    header = b'{"opaque":55,"code":105,"opaque":55,"extFields":{"topic":"TopicA"},"version":%d}' % OUR_VERSION
    for _ in range(2):
        assert both.shortcut.answer(framed(header), 0, [])[1] == 1
    assert not both.shortcut.memo.known


def test_it_stops_when_the_answers_are_large(both: Both) -> None:
    state = both.view.state
    assert state is not None
    state.legacy_answers["Large"] = bytes(MOST_AT_ONCE // 4)
    data = query("Large", version=317) * 9
    parts: list[bytes] = []
    at, count, size = both.shortcut.answer(data, 0, parts)
    assert (count, size) == (4, MOST_AT_ONCE)
    assert both.shortcut.answer(data, at, parts)[1] == 4
    small, large = Answer(b"{}", ""), Answer(bytes(16 << 20), "")
    state.answers["Large"] = small
    assert both.shortcut.answer(asked(77, "Large"), 0, [])[1] == 1
    state.answers["Large"] = large
    assert both.shortcut.answer(asked(78, "Large"), 0, []) == (0, 0, 0)
    state.legacy_answers["Large"] = bytes(16 << 20)  # no frame can hold it: the general way says so
    assert both.shortcut.answer(data, 0, parts) == (0, 0, 0)
