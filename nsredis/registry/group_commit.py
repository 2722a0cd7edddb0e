"""Group commit: what arrives while a round trip is in flight leaves together in the next one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from nsredis.core.brokers import Beat
from nsredis.core.errors import NsredisError, StoreUnavailable

log = logging.getLogger(__name__)

MAX_BATCH: Final = 500
"""Most items in one round trip: bounds what one pipeline costs Redis at a stretch."""

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class GroupCommit(Generic[Item, Outcome]):
    """Collects items and sends them in batches, one batch in flight; `send` gives an outcome for each, in order.

    For one event loop.
    """

    def __init__(self, send: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome]]]) -> None:
        self._send = send
        self._waiting: list[tuple[Item, asyncio.Future[Outcome | NsredisError]]] = []
        self._sender: asyncio.Task[None] | None = None

    def add(self, item: Item) -> "asyncio.Future[Outcome | NsredisError]":
        """Send an item with the next batch: its outcome, or why the whole batch has none."""
        answer: asyncio.Future[Outcome | NsredisError] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._drain())
        return answer

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                for (_, answer), outcome in zip(batch, await self._try([item for item, _ in batch]), strict=True):
                    if not answer.done():
                        answer.set_result(outcome)
        finally:
            self._sender = None

    async def _try(self, items: Sequence[Item]) -> Sequence[Outcome | NsredisError]:
        try:
            return await self._send(items)
        except NsredisError as error:
            return [error] * len(items)
        except Exception:
            log.exception("a batch could not be sent")
            return [StoreUnavailable("the batch could not be sent")] * len(items)


class BeatQueue:
    """Group commit of heartbeats."""

    def __init__(self, send: Callable[[Sequence[Beat]], Awaitable[list[NsredisError | None]]]) -> None:
        self._commit: GroupCommit[Beat, NsredisError | None] = GroupCommit(send)

    async def beat(self, beat: Beat) -> None:
        """Renew one lease; raises why it was refused, or that the store does not answer."""
        refused = await self._commit.add(beat)
        if refused is not None:
            raise refused

    async def beat_all(self, beats: Sequence[Beat]) -> list[NsredisError | None]:
        """Renew many; an item is None or why it was refused, in order."""
        answers = [self._commit.add(beat) for beat in beats]
        return [await answer for answer in answers]
