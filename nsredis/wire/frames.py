"""Frames of the remoting protocol: a stream of bytes cut into payloads."""

import struct
from typing import Final

MAX_FRAME: Final = 16 * 1024 * 1024
"""Bytes of the largest frame, its length word included: RocketMQ's `com.rocketmq.remoting.frameMaxLength`."""

_LENGTH_WORD: Final = 4
_length_at: Final = struct.Struct(">i").unpack_from
_LEAST: Final = 4  # the word that tells the header's form and length


class MalformedFrame(Exception):
    """The peer does not keep to the protocol; the words say where. The connection is to be closed."""


class FrameSplitter:
    """Bytes in as they come, payloads out when they are complete. After MalformedFrame it is of no further use."""

    def __init__(self, max_frame: int = MAX_FRAME) -> None:
        self._longest = max_frame - _LENGTH_WORD
        self._start = b""  # of a length word that is not complete yet
        self._payload = bytearray()
        self._length = 0  # of the payload that is being gathered; 0 between frames

    @property
    def pending(self) -> int:
        """Bytes kept of a frame that is not complete yet."""
        if self._length:
            return _LENGTH_WORD + len(self._payload)
        return len(self._start)

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads (what follows the length word) that `data` completes, in order. MalformedFrame."""
        payloads: list[bytes] = []
        at = 0
        if self._length:
            at = self._length - len(self._payload)
            self._payload += data[:at]
            if len(self._payload) < self._length:
                return payloads
            payloads.append(bytes(self._payload))
            self._payload, self._length = bytearray(), 0
        elif self._start:
            data, self._start = self._start + data, b""
        end = len(data)
        while end - at >= _LENGTH_WORD:
            (length,) = _length_at(data, at)
            at += _LENGTH_WORD
            if not _LEAST <= length <= self._longest:
                raise self._wrong(length)
            if end - at < length:
                self._payload, self._length = bytearray(data[at:]), length
                return payloads
            payloads.append(data[at : at + length])
            at += length
        self._start = data[at:]
        return payloads

    def _wrong(self, length: int) -> MalformedFrame:
        if length < _LEAST:
            return MalformedFrame(f"a frame's length must be at least {_LEAST}, not {length}")
        return MalformedFrame(f"a frame's length must be at most {self._longest}, not {length}")
