"""Server-sent events to one reader, bounded: what a slow reader does not take is not kept for it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiohttp import web

SLOW_S: Final = 10.0
"""A reader that takes nothing for so long is disconnected; when it comes again it gets the latest state."""

AT_ONCE: Final = 50
"""Events in one write: what a reader may have waiting beside the socket's own buffer."""


class ReaderGone(Exception):
    """The reader went away, or was sent away because it did not read."""


def frame(event: str, revision: int, data: bytes) -> bytes:
    """One event as it goes over the wire. `data` has no line break."""
    return b"event: " + event.encode() + b"\nid: " + str(revision).encode() + b"\ndata: " + data + b"\n\n"


class EventStream:
    """An answer of type text/event-stream."""

    def __init__(self) -> None:
        self.response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        self._transport: asyncio.Transport | None = None

    async def open(self, request: web.Request) -> None:
        """Send the head of the answer."""
        self._transport = request.transport
        await self.response.prepare(request)
        await self._write(b"retry: 1000\n\n")

    async def send(self, frames: Sequence[bytes]) -> None:
        """Send events. ReaderGone."""
        for i in range(0, len(frames), AT_ONCE):
            await self._write(b"".join(frames[i : i + AT_ONCE]))

    async def comment(self, text: str) -> None:
        """Say something that means nothing, so that nobody in between takes the connection for dead. ReaderGone."""
        await self._write(b": " + text.encode() + b"\n\n")

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(SLOW_S):
                await self.response.write(data)
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()
            raise ReaderGone from None
        except ConnectionError:
            raise ReaderGone from None
