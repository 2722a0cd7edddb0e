"""JSON headers of route queries that differ in nothing but their number from one that was read before."""

import sys
from typing import Final, NamedTuple

import msgspec

from nsredis.wire import json_header

MARK: Final = b'"opaque":'
KEPT: Final = 16_384
PATIENCE: Final = 8
LONGEST: Final = 512
"""Bytes of a frame that is remembered: clients' have less than 300."""

_WORDS: Final = 8  # the frame's length, and its header's form and length
_DIGITS: Final = range(2, 10)  # of a number that is remembered: no leading zero to look for, and within 32 bits


class Known(NamedTuple):
    """What a frame asks for that begins with known bytes, up to its mark."""

    digits: int
    """How many its number has. The frame's length says it."""
    tail: bytes
    """What stands behind the number, up to the frame's end."""
    stop: int
    """Bytes from the mark to the frame's end."""
    topic: str
    body: int
    """The length of the body that `head` is for."""
    head: bytes
    """The answer up to its number."""


class HeaderMemo:
    """Known beginnings of frames. For one event loop.

    All that stands in a header but its number is the same bytes as in one that was read, and the lengths before it
    are too: then it says the same. It takes no view of what is in between, so nothing that clients send is special.
    """

    def __init__(self) -> None:
        self.known: dict[bytes | tuple[bytes, bytes], Known] = {}
        """By the frame's bytes before its mark; others that begin like that, by these and their tails."""
        # There are few tails, with what follows from them, and one of each is in the processor's cache.
        self._rests: dict[tuple[int, bytes], tuple[int, bytes, int]] = {}
        self._missed = 0

    def twin(self, start: bytes, tail: bytes) -> Known:
        """Another frame that begins like that, of a client of another release perhaps. From now on it is the first."""
        twin = self.known.pop((start, tail))
        first = self.known[start]
        self.known[start, first.tail] = first
        self.known[start] = twin
        return twin

    def learn(self, frame: bytes, header: json_header.PlainHeader) -> None:
        """Remember a frame and what was read from it, if a number in it is all that may differ."""
        number = b"%d" % header.opaque
        if len(number) not in _DIGITS or len(frame) > LONGEST or not self._has_room():
            return
        start, mark, rest = frame.partition(MARK)
        tail = rest[len(number) :]
        if not rest.startswith(number):
            return
        other = (b"8" if number.startswith(b"9") else b"9") * len(number)
        try:
            read = json_header.read_plain(start[_WORDS:] + mark + other + tail)
        except (ValueError, RecursionError):
            return
        if read == msgspec.structs.replace(header, opaque=int(other)):
            topic = sys.intern((header.ext or {}).get("topic", ""))  # the very name that the view knows it by
            first = self.known.get(start)
            if first is not None:
                self.known[start, first.tail] = first
            rest_of = self._rests.setdefault((len(number), tail), (len(number), tail, len(rest)))
            self.known[start] = Known(*rest_of, topic, -1, b"")

    def _has_room(self) -> bool:
        """Once it is full, it begins anew after several times as many misses: to learn has its price."""
        if len(self.known) < KEPT:
            return True
        self._missed += 1
        if self._missed < PATIENCE * KEPT:
            return False
        self._missed = 0
        self.known.clear()
        self._rests.clear()
        return True
