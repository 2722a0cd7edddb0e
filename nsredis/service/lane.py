"""Work in the background of one kind on many things: some at a time, the rest waits its turn."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Final, Generic, TypeVar

from nsredis.registry.cancellation import end_task

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Hashable)

MOST_WAITING: Final = 50_000
"""What comes on top is dropped, so that nobody fills the memory with it."""


class Lane(Generic[T]):
    """Does `work` on each thing added, at most `at_once` of them at a time. For one event loop."""

    def __init__(self, work: Callable[[T], Coroutine[Any, Any, None]], at_once: int) -> None:
        self._work = work
        self._at_once = at_once
        self._waiting: OrderedDict[T, None] = OrderedDict()
        self._running: dict[T, asyncio.Task[None]] = {}
        self._closed = False

    def add(self, thing: T) -> None:
        """Do the work on it soon; nothing when that is on its way already."""
        if self._closed or thing in self._running or len(self._waiting) >= MOST_WAITING:
            return
        self._waiting[thing] = None
        self._start()

    def _start(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            thing, _ = self._waiting.popitem(last=False)
            task = asyncio.create_task(self._work(thing))
            self._running[thing] = task
            task.add_done_callback(partial(self._ended, thing))

    def _ended(self, thing: T, task: asyncio.Task[None]) -> None:
        del self._running[thing]
        if not task.cancelled() and task.exception() is not None:
            log.error("the work on %s failed", thing, exc_info=task.exception())
        self._start()

    async def close(self) -> None:
        """End what runs and forget what waits; nothing is taken any more."""
        self._closed = True
        self._waiting.clear()
        await asyncio.gather(*[end_task(task) for task in self._running.values()])
