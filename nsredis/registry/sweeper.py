"""Sweeping: every node calls the script `sweep` often, and at once when Redis says that a lease key expired."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from nsredis.core.backoff import backoff_s
from nsredis.core.errors import NsredisError
from nsredis.core.leases import sweep_pause_s
from nsredis.registry.runner import ScriptRunner, new_tag

log = logging.getLogger(__name__)

MEMBERS_AT_ONCE: Final = 64
"""Evictions in one run hold Redis for a few milliseconds at most."""

MIN_PERIOD_S: Final = 0.04
"""The script returns at once when its last run is younger, unless that left some for the next."""


FIRST: Final = b"no sweep is on record"
"""What the script says of a new namespace."""


class Sweeper:
    """Takes away what is overdue; several nodes may race, the script decides. `hint` makes it run now.

    `position`: the revision and mark that this node's view has applied; (0, "") without a view.
    """

    def __init__(
        self,
        runner: ScriptRunner,
        node_id: str,
        chance: Callable[[], float],
        position: Callable[[], tuple[int, str]] = lambda: (0, ""),
    ) -> None:
        self._runner = runner
        self._node_id = node_id
        self._chance = chance
        self._position = position
        self._hinted = asyncio.Event()

    def hint(self) -> None:
        """Something may be overdue."""
        self._hinted.set()

    async def run(self) -> None:
        """Sweep for ever."""
        failures = 0
        while True:
            try:
                pause_s = await self.sweep()
            except NsredisError:
                self._runner.observer.store_failed("sweep")
                failures += 1
                await asyncio.sleep(backoff_s(failures, self._chance(), top_s=0.5))
                continue
            failures = 0
            await self._pause(pause_s)

    async def sweep(self) -> float:
        """One run; the seconds to wait before the next."""
        seen, seen_tag = self._position()
        reply = await self._runner.call(
            "sweep", tag=new_tag(), node=self._node_id, limit=MEMBERS_AT_ONCE, seen=seen, seen_tag=seen_tag
        )
        status, _, more, gap, *evicted = reply
        if gap:
            level = logging.INFO if gap == FIRST else logging.WARNING
            log.log(level, "nobody is judged for a gap: %s; every broker gets one lease to beat", gap.decode())
        for member, late_ms in zip(evicted[::2], evicted[1::2], strict=True):
            self._runner.observer.detected(int(late_ms))
            log.info("broker %s is offline: it stopped beating", member.decode())
        if more:
            return 0.0
        if status == b"early":
            return MIN_PERIOD_S
        return sweep_pause_s(self._chance())

    async def _pause(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._hinted.wait()
        except TimeoutError:
            pass
        else:
            self._hinted.clear()
