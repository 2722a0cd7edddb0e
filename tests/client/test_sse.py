from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.client import sse
from nsredis.client.sse import EventParser, ServerEvent

STREAM = (
    "retry: 1000\n\n"
    ": a comment\n\n"
    'event: route\nid: 12\ndata: {"topic":"Tö"}\n\n'
    "data: one\ndata:two\n\n"
    "event: none\n\n"
    "event: last\r\ndata: crlf\r\n\r\n"
).encode()

EVENTS = [
    ServerEvent("route", '{"topic":"Tö"}', "12"),
    ServerEvent("message", "one\ntwo", "12"),
    ServerEvent("last", "crlf", "12"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_a_stream_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    parser = EventParser()
    found = [event for a, b in pairwise(places) for event in parser.feed(STREAM[a:b])]
    assert found == EVENTS


def test_an_event_without_end_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT", 1000)
    parser = EventParser()
    for _ in range(9):
        parser.feed(b"data: " + b"x" * 90 + b"\n")
    parser.feed(b"\n")
    for _ in range(10):
        parser.feed(b"data: " + b"x" * 90 + b"\n")
    with pytest.raises(ValueError, match="too large"):
        parser.feed(b"data: " + b"x" * 200)
    with pytest.raises(ValueError, match="too large"):
        EventParser().feed(b"x" * 1001)
