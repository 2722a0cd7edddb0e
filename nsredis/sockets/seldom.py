"""Log lines that others could make us write without end."""

import logging
import time
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 60.0


class Seldom:
    """Writes a line of one kind at most once a minute; the next one tells how many were left out."""

    def __init__(self, log: logging.Logger, level: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._level = level
        self._clock = clock
        self._next = 0.0
        self._left_out = 0

    def tell(self, line: str, *values: object) -> None:
        """Write the line, unless one was written lately."""
        now = self._clock()
        if now < self._next:
            self._left_out += 1
            return
        more = f" (and {self._left_out} like it before)" if self._left_out else ""
        self._next, self._left_out = now + EVERY_S, 0
        self._log.log(self._level, f"{line}%s", *values, more)
