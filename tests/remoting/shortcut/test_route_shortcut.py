"""The short way of route queries and the general way give the same bytes, whatever is asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsredis.remoting.route_shortcut import MOST_AT_ONCE, MOST_FRAMES
from nsredis.view.answers import Answer
from nsredis.view.state import State
from nsredis.wire.codes import OUR_VERSION
from nsredis.wire.commands import Command, Serialization, encode
from tests.remoting.shortcut.both_ways import CHANGES, Both, agree, asked, filled, query
from tests.remoting.shortcut.frames import FRAMES


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


def test_a_read_that_begins_with_a_large_frame_is_not_looked_at(both: Both) -> None:
    frame = encode(Command(105, 5, 0, OUR_VERSION, ext={"topic": "TopicA", "words": "x" * 65_536}))
    assert both.shortcut.answer(frame, 0, []) == (0, 0, 0)
    assert both.shortcut.answer(asked(5) + frame, 0, [])[1] > 0


async def test_nothing_is_answered_without_a_view_or_from_an_older_one(both: Both) -> None:
    empty = Both()
    assert empty.shortcut.answer(query("TopicA"), 0, []) == (0, 0, 0)
    agree(*both.answers(asked(77), asked(78)))
    assert both.shortcut.at_hand(asked(78)) is not None
    both.view.publish(State(2, "other"))
    assert both.shortcut.answer(query("TopicA"), 0, []) == (0, 0, 0)
    assert both.shortcut.at_hand(asked(78)) is None


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


async def test_while_the_peer_takes_nothing_no_more_is_answered(both: Both) -> None:
    asked_for = [asked(1000 + number) for number in range(MOST_FRAMES + 9)]
    connection, wire = both.connection()
    wire.wrote = connection.pause_writing
    connection.data_received(b"".join(asked_for))
    assert b"".join(wire.written).count(b'"opaque":') == MOST_FRAMES
    connection.resume_writing()
    assert b"".join(wire.written) == both.answers(*asked_for)[0][0]


async def test_what_could_not_be_written_is_neither_answered_again_nor_said_to_be(
    both: Both, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("no transport")

    for reads in ([asked(77), asked(78)], [asked(77) + asked(78)]):
        connection, wire = both.connection()
        connection.data_received(asked(76))
        wire.wrote = fail
        before = both.observers[1].answered.copy()
        with pytest.raises(RuntimeError, match="no transport"):  # it closes a real connection
            connection.data_received(reads[0])
        assert wire.writes == 2
        assert (both.observers[1].answered - before).total() == len(reads[0]) // len(asked(77))
    assert caplog.text == ""
