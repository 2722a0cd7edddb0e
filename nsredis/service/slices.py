"""Work that takes a while together, some milliseconds of it in each turn of the event loop."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

SLICE_S: Final = 0.005
"""After so much of it, whoever else waits for the loop has a turn: a burst of registrations must not keep look-ups
waiting."""


class Slices:
    """Runs pieces of work in the order in which they were brought. Each should be short: a started one is finished.

    For one event loop.
    """

    def __init__(self, slice_s: float = SLICE_S) -> None:
        self._slice_s = slice_s
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future[Any]]] = deque()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, in a turn of the loop soon. When the caller is cancelled, it is left out."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        self._waiting.append((work, outcome))
        if len(self._waiting) == 1:
            loop.call_soon(self._work_off, loop)
        return await outcome

    def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        ends = time.perf_counter() + self._slice_s
        while self._waiting:
            work, outcome = self._waiting[0]
            if not outcome.done():
                try:
                    outcome.set_result(work())
                except Exception as error:  # it is raised where the work was brought
                    outcome.set_exception(error)
            self._waiting.popleft()
            if time.perf_counter() >= ends:
                break
        if self._waiting:
            loop.call_soon(self._work_off, loop)
