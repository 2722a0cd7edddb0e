"""Keeps lines on disk as they come, and the one clock that all of them are on."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from tests.histories.lines import Line, Stall, encode

LOOK_S: Final = 0.02
STALL_S: Final = 0.05
"""Waking up later than this is worth a line."""


class Recorder:
    """Appends lines to a file; nothing stays in memory. Open it as a context: meanwhile it measures stalls."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._began = time.monotonic()
        self._wall_began = time.time()
        self._out = file.open("wb")
        self._measuring: asyncio.Task[None] | None = None
        self.lines = 0

    def now(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self._began, 6)

    def of_wall_ms(self, at_ms: float) -> float:
        """Where a time of Redis' clock, which is this machine's, lies on ours."""
        return round(at_ms / 1000 - self._wall_began, 6)

    def keep(self, line: Line) -> None:
        """Keep a line."""
        self._out.write(encode(line))
        self.lines += 1

    async def __aenter__(self) -> Self:
        self._measuring = asyncio.create_task(self._measure())
        return self

    async def _measure(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(LOOK_S)
            late_s = time.monotonic() - before - LOOK_S
            if late_s > STALL_S:
                self.keep(Stall(self.now(), round(late_s, 3)))

    async def __aexit__(self, *_: object) -> None:
        assert self._measuring is not None
        self._measuring.cancel()
        with suppress(asyncio.CancelledError):
            await self._measuring
        self._out.close()
