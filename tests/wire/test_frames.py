"""Cutting a stream into frames: in whatever pieces it comes, and never more kept than a frame may have."""

import time
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.frames import MAX_FRAME, FrameSplitter, MalformedFrame
from tests.wire.reference_frames import GET_ROUTE, REGISTER

PAYLOADS = st.lists(st.binary(min_size=4, max_size=60), max_size=6)


def _framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(4) + payload


@given(PAYLOADS, st.lists(st.integers(0, 300)))
def test_however_it_is_cut_the_same_comes_out(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(_framed, payloads))
    edges = [0, *sorted(cut for cut in cuts if cut <= len(stream)), len(stream)]
    splitter = FrameSplitter()
    got = [payload for start, end in pairwise(edges) for payload in splitter.feed(stream[start:end])]
    assert got == payloads
    assert splitter.pending == 0


def test_real_frames_cut_at_every_byte() -> None:
    stream = REGISTER + GET_ROUTE
    for cut in range(len(stream) + 1):
        splitter = FrameSplitter()
        assert splitter.feed(stream[:cut]) + splitter.feed(stream[cut:]) == [REGISTER[4:], GET_ROUTE[4:]]


def test_what_is_not_complete_is_counted() -> None:
    splitter = FrameSplitter()
    counts = []
    for byte in GET_ROUTE + GET_ROUTE[:2]:
        splitter.feed(bytes([byte]))
        counts.append(splitter.pending)
    assert counts == [*range(1, len(GET_ROUTE)), 0, 1, 2]


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 3, MAX_FRAME - 3, 2**31 - 1])
def test_a_length_out_of_bounds_is_told_at_once(length: int) -> None:
    splitter = FrameSplitter()
    splitter.feed(length.to_bytes(4, signed=True)[:3])
    with pytest.raises(MalformedFrame, match=str(length)):
        splitter.feed(length.to_bytes(4, signed=True)[3:])


def test_the_bounds_themselves_are_taken() -> None:
    splitter = FrameSplitter(max_frame=100)
    assert splitter.feed(_framed(bytes(4)) + _framed(bytes(96))) == [bytes(4), bytes(96)]
    with pytest.raises(MalformedFrame):
        splitter.feed(_framed(bytes(97)))


@pytest.mark.parametrize(
    "first", [b"GET / HTTP/1.1\r\n", b"PROXY TCP4", b"\x16\x03\x01\x02\x00", b"*1\r\n$4\r\nPING\r\n"]
)
def test_other_protocols_are_no_frames(first: bytes) -> None:
    with pytest.raises(MalformedFrame):
        FrameSplitter().feed(first)


def test_a_length_word_alone_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        splitter = FrameSplitter()
        splitter.feed((MAX_FRAME - 4).to_bytes(4) + b"x")
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()


def test_a_large_frame_in_small_pieces_takes_linear_time_and_little_memory() -> None:
    """Copying what is there for each piece would copy 1 TiB here."""
    payload = bytes(MAX_FRAME - 4)
    splitter, began = FrameSplitter(), time.process_time()
    splitter.feed(len(payload).to_bytes(4))
    got = [whole for at in range(0, len(payload), 128) for whole in splitter.feed(payload[at : at + 128])]
    assert got == [payload]
    assert time.process_time() - began < 5
