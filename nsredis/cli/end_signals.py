"""Ctrl-C and SIGTERM: the first asks for an orderly end, a second one ends the process at once."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)


class EndSignals:
    """Listens for the signals from its creation on, in the running loop of the main thread."""

    def __init__(self, at_once: Callable[[], None] | None = None) -> None:
        """`at_once`: what has to be done even before an end at once; quick."""
        self._at_once = at_once
        self.first: signal.Signals | None = None
        """The first signal that came."""
        self._came = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._heard, number)

    def _heard(self, number: signal.Signals) -> None:
        if self.first is not None:
            log.warning("%s again: ending at once", number.name)
            if self._at_once is not None:
                self._at_once()
            logging.shutdown()
            os._exit(128 + number)  # the kernel then ends the processes on our leash, in good order
        self.first = number
        log.info("%s: finishing what runs; again to end at once", number.name)
        self._came.set()

    async def wait(self) -> None:
        """Until the first signal."""
        await self._came.wait()

    async def or_done(self, work: "asyncio.Task[Any]") -> None:
        """Until the first signal or the end of `work`, which is left as it is."""
        waiting = asyncio.create_task(self.wait())
        await asyncio.wait({waiting, work}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
