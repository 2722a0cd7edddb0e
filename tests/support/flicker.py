"""Looking at a route all the time: whether somebody vanishes even for a moment, and how long the machine stalled."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.support.api import Api
from tests.support.background import ended

EVERY_S = 0.02


class Stalls:
    """How late this process woke up at the worst: what the machine, not the server, took."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self.longest_ms = 0.0

    async def __aenter__(self) -> "Stalls":
        self._task = asyncio.create_task(self._measure())
        return self

    async def _measure(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(EVERY_S)
            self.longest_ms = max(self.longest_ms, (time.monotonic() - before - EVERY_S) * 1000)

    async def __aexit__(self, *_: object) -> None:
        await ended(self._task)


@asynccontextmanager
async def within(limit_s: float) -> AsyncIterator[None]:
    """What the block does takes less than so long, less what the machine took."""
    async with Stalls() as stalls:
        began = time.monotonic()
        yield
        took_s = time.monotonic() - began
    assert took_s - stalls.longest_ms / 1000 < limit_s, f"{took_s} s, {stalls.longest_ms} ms of it a stall"


class Flicker:
    """Asks nodes for a topic again and again. `missing`: node -> brokers of `always` that one answer lacked."""

    def __init__(self, nodes: Sequence[Api], topic: str, always: set[str]) -> None:
        self._nodes = nodes
        self._topic = topic
        self._always = always
        self._tasks: list[asyncio.Task[None]] = []
        self._stalls = Stalls()
        self.looks = 0
        self.missing: dict[str, set[str]] = {}

    @property
    def stalled_ms(self) -> float:
        """The longest stall while it looked."""
        return self._stalls.longest_ms

    async def __aenter__(self) -> "Flicker":
        await self._stalls.__aenter__()
        self._tasks = [asyncio.create_task(self._look(node)) for node in self._nodes]
        return self

    async def _look(self, node: Api) -> None:
        while True:
            lacking = self._always - set(await node.brokers_of(self._topic))
            if lacking:
                self.missing.setdefault(node.url, set()).update(lacking)
            self.looks += 1
            await asyncio.sleep(EVERY_S)

    async def __aexit__(self, *_: object) -> None:
        await self._stalls.__aexit__()
        for task in self._tasks:
            await ended(task)
