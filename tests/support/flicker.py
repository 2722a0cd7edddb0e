"""Looking at a route all the time: whether somebody vanishes even for a moment, and how long the machine stalled."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress

from tests.support.api import Api

EVERY_S = 0.02


class Flicker:
    """Asks nodes for a topic again and again. `missing`: node -> brokers of `always` that one answer lacked."""

    def __init__(self, nodes: Sequence[Api], topic: str, always: set[str]) -> None:
        self._nodes = nodes
        self._topic = topic
        self._always = always
        self._tasks: list[asyncio.Task[None]] = []
        self.looks = 0
        self.missing: dict[str, set[str]] = {}
        self.stalled_ms = 0.0
        """The longest that this process was late to wake up: what the machine, not the server, took."""

    async def __aenter__(self) -> "Flicker":
        self._tasks = [asyncio.create_task(self._look(node)) for node in self._nodes]
        self._tasks.append(asyncio.create_task(self._measure_stalls()))
        return self

    async def _look(self, node: Api) -> None:
        while True:
            lacking = self._always - set(await node.brokers_of(self._topic))
            if lacking:
                self.missing.setdefault(node.url, set()).update(lacking)
            self.looks += 1
            await asyncio.sleep(EVERY_S)

    async def _measure_stalls(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(EVERY_S)
            self.stalled_ms = max(self.stalled_ms, (time.monotonic() - before - EVERY_S) * 1000)

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            if task.done():
                task.result()  # a look that failed
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
