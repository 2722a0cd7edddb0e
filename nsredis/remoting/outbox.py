"""Frames on their way out: as few writes as can be."""

import asyncio
from collections.abc import Sequence
from typing import Final

JOIN_BELOW: Final = 4096
"""Bytes a frame on average: smaller ones are joined into one, larger ones are handed over as they are."""


class Outbox:
    """Collects frames until `flush`, which hands them to the transport in one call."""

    __slots__ = ("_frames", "_transport", "size")

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._frames: list[bytes] = []
        self.size = 0
        """Bytes collected."""

    def put(self, frame: bytes) -> None:
        """Add a frame."""
        self._frames.append(frame)
        self.size += len(frame)

    def write(self, parts: Sequence[bytes], count: int, size: int) -> None:
        """Write `count` frames of about `size` bytes that are in parts, and before them what was collected."""
        if self._frames:
            self.flush()
        if size < JOIN_BELOW * count:
            self._transport.write(b"".join(parts))
        else:
            self._transport.writelines(parts)

    def flush(self) -> None:
        """Write everything; may call the protocol's `pause_writing` before it returns."""
        frames, size = self._frames, self.size
        if frames:
            self._frames, self.size = [], 0
            self.write(frames, len(frames), size)
