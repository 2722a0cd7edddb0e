"""How long the event loop computed without a turn, in its thread's CPU time: what the machine takes does not count."""

import asyncio
import time


class LoopSlices:
    """The longest slice between two turns of the loop while this is open."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self.longest_ms = 0.0
        self.turns = 0

    async def __aenter__(self) -> "LoopSlices":
        self._task = asyncio.create_task(self._measure())
        return self

    async def _measure(self) -> None:
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest_ms = max(self.longest_ms, (now - before) * 1000)
            self.turns += 1
            before = now

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
