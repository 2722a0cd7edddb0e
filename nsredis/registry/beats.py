"""Group commit of heartbeats: those that arrive while a round trip is in flight leave together in the next one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from nsredis.core.brokers import Beat
from nsredis.core.errors import NsredisError, StoreUnavailable

log = logging.getLogger(__name__)

MAX_BATCH: Final = 500
"""Most beats in one round trip: bounds what one pipeline costs Redis at a stretch."""

Send = Callable[[Sequence[Beat]], Awaitable[list[NsredisError | None]]]


class BeatQueue:
    """Collects beats and sends them in batches, one batch in flight. For one event loop."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[tuple[Beat, asyncio.Future[NsredisError | None]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def beat(self, beat: Beat) -> None:
        """Renew one lease; raises why it was refused, or that the store does not answer."""
        refused = await self._enqueue(beat)
        if refused is not None:
            raise refused

    async def beat_all(self, beats: Sequence[Beat]) -> list[NsredisError | None]:
        """Renew many; an item is None or why it was refused, in order."""
        return await asyncio.gather(*[self._enqueue(beat) for beat in beats])

    def _enqueue(self, beat: Beat) -> "asyncio.Future[NsredisError | None]":
        answer: asyncio.Future[NsredisError | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((beat, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._drain())
        return answer

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                for (_, answer), refused in zip(batch, await self._try([beat for beat, _ in batch]), strict=True):
                    if not answer.done():
                        answer.set_result(refused)
        finally:
            self._sender = None

    async def _try(self, beats: Sequence[Beat]) -> Sequence[NsredisError | None]:
        try:
            return await self._send(beats)
        except NsredisError as error:
            return [error] * len(beats)
        except Exception:
            log.exception("beats could not be sent")
            return [StoreUnavailable("the beats could not be sent")] * len(beats)
