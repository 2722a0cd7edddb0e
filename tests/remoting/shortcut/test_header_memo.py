"""Headers that were read before are answered as those that were not."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsredis.remoting import header_memo
from nsredis.remoting.route_shortcut import ROUTE
from nsredis.view.state import State
from nsredis.wire.codes import OUR_VERSION
from tests.remoting.shortcut.both_ways import CHANGES, TOPICS, Both, agree, asked, filled
from tests.remoting.shortcut.frames import framed, odd_headers, plain_frames

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
    frames = [framed(one) for one in (header, header, *others, header)]  # the second time it is at hand
    agree(*both.answers(*frames))
    agree(*both.answers(b"".join(frames)))


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
    agree(*both.answers(asked(79), other))


async def test_one_frame_that_was_read_before_but_for_its_number_is_at_hand(both: Both) -> None:
    assert both.shortcut.at_hand(asked(77)) is None
    agree(*both.answers(asked(77), asked(77)))
    counted = both.observers[1].answered[ROUTE, 0]
    one = both.shortcut.at_hand(asked(78))
    assert both.observers[1].answered[ROUTE, 0] == counted + 1
    assert one is not None
    assert b"".join(one) == both.answers(asked(78))[0][0]
    for unlike in (asked(7), asked(777), asked(78) + asked(78), asked(78)[:-1], b"", asked(78, "TopicB")):
        assert both.shortcut.at_hand(unlike) is None


@pytest.mark.parametrize("change", CHANGES)
async def test_what_is_at_hand_is_what_the_view_holds(both: Both, change: str) -> None:
    agree(*both.answers(asked(77), asked(78)))
    both.view.apply([CHANGES[change]], [], both.view.revision + 1, change)
    for _ in range(2):
        agree(*both.answers(asked(79)))


async def test_clients_of_two_releases_that_begin_alike_are_both_known(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer, older = asked(78), asked(79).replace(b'"version":479', b'"version":401')
    agree(*both.answers(newer, older, newer + older, older + newer + newer))
    learned: list[bytes] = []
    monkeypatch.setattr(both.shortcut.memo, "learn", lambda frame, _: learned.append(frame))
    for data in (newer, older, newer + older + older + newer):
        agree(*both.answers(data))
    assert learned == []


def test_a_full_memo_begins_anew_after_many_misses(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header_memo, "KEPT", 3)
    known = both.shortcut.memo.known
    misses = 3 * header_memo.PATIENCE
    for number in range(3 + misses + 2):
        frame = asked(10 + number, brokerName=f"b{number}")
        assert both.shortcut.answer(frame, 0, [])[1] == 1
        assert len(known) == (min(number + 1, 3) if number < 2 + misses else number - 1 - misses)


def test_a_header_whose_number_is_said_elsewhere_too_is_not_remembered(both: Both) -> None:
    header = b'{"opaque":55,"code":105,"opaque":55,"extFields":{"topic":"TopicA"},"version":%d}' % OUR_VERSION
    for _ in range(2):
        assert both.shortcut.answer(framed(header), 0, [])[1] == 1
    assert not both.shortcut.memo.known
