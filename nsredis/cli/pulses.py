"""Workers that hang: each says once a second that its event loop runs, and its parent hears who falls silent."""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Final

BEAT: Final = b"\n"
"""What a worker says, on the standard output on which it also said where it listens."""

BEAT_S: Final = 1.0

SILENT_S: Final = 10.0
"""One that has said nothing for so long hangs, or somebody stopped it: it answers nobody either."""

START_S: Final = 30.0
"""How long a process may take to its first beat: on a busy machine the interpreter needs seconds to start."""

PAUSED_S: Final = 3.0
"""A parent that did not come to look for so long was stopped itself, and maybe its workers with it."""


async def beat() -> None:
    """Say for ever that this process' event loop runs."""
    output = sys.stdout.fileno()
    os.set_blocking(output, False)  # a parent that does not read must not stop this loop
    while True:
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(output, BEAT)
        await asyncio.sleep(BEAT_S)


class Pulses:
    """When workers were last heard, by number, as seconds of one clock; it is the caller's to look once a second."""

    def __init__(self, now: float) -> None:
        self._heard: dict[int, float] = {}
        self._looked = now

    def started(self, number: int, now: float) -> None:
        """Its process was started."""
        self._heard[number] = now + START_S - SILENT_S

    def heard(self, number: int, now: float) -> None:
        """It said something; not what is read of one that has ended meanwhile."""
        if number in self._heard:
            self._heard[number] = now

    def ended(self, number: int) -> None:
        """Its process is gone, and nothing is expected of it."""
        self._heard.pop(number, None)

    def silent(self, now: float) -> list[int]:
        """Who hangs. Everybody has a fresh period after a pause of this process, and who is told of here too."""
        paused = now - self._looked > BEAT_S + PAUSED_S
        self._looked = now
        if paused:
            self._heard = {number: max(now, heard) for number, heard in self._heard.items()}
        found = [number for number, heard in self._heard.items() if now - heard > SILENT_S]
        self._heard.update(dict.fromkeys(found, now))
        return found
