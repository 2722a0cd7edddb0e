"""Sweeping: every node calls the script `sweep` often, and at once when Redis says that a lease key expired."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from nsredis.core.backoff import backoff_s
from nsredis.core.brake import HOLD_LEASES, HOLD_MOST_MS, WINDOW_MOST_MS
from nsredis.core.errors import NsredisError
from nsredis.core.leases import sweep_pause_s
from nsredis.core.names import decode
from nsredis.core.namespace_settings import NamespaceSettings
from nsredis.registry.refusals import Refusals
from nsredis.registry.runner import ScriptRunner, new_tag

log = logging.getLogger(__name__)

MEMBERS_AT_ONCE: Final = 64
"""Evictions in one run hold Redis for a few milliseconds at most."""

MIN_PERIOD_S: Final = 0.04
"""The script returns at once when its last run is younger, unless that left some for the next."""


DEFAULTS: Final = NamespaceSettings()
"""What holds where the namespace has no settings of its own."""

HELD: Final = -1
"""The script's word for a broker that the brake held: its removal is late on purpose."""

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
        self._ran_at = time.monotonic()
        self._failing = False
        self._refusals = Refusals("brokers that fall silent stay", of_writes=True)

    @property
    def unwritten_ms(self) -> int:
        """How long ago a sweep, which writes, last succeeded; at first, how long ago this object was made."""
        return int((time.monotonic() - self._ran_at) * 1000)

    @property
    def failing_ms(self) -> int:
        """0 unless the last sweep failed; then as `unwritten_ms`."""
        return self.unwritten_ms if self._failing else 0

    @property
    def writable(self) -> bool:
        """Whether the last sweep, which writes, succeeded."""
        return not self._failing

    def hint(self) -> None:
        """Something may be overdue."""
        self._hinted.set()

    async def run(self) -> None:
        """Sweep for ever."""
        failures = 0
        while True:
            try:
                pause_s = await self.sweep()
            except NsredisError as error:
                self._runner.observer.store_failed("sweep")
                self._refusals.failed(error)
                self._failing = True
                failures += 1
                await asyncio.sleep(backoff_s(failures, self._chance(), top_s=0.5))
                continue
            failures = 0
            self._refusals.works()
            await self._pause(pause_s)

    async def sweep(self) -> float:
        """One run; the seconds to wait before the next."""
        seen, seen_tag = self._position()
        reply = await self._runner.call(
            "sweep",
            tag=new_tag(),
            node=self._node_id,
            limit=MEMBERS_AT_ONCE,
            seen=seen,
            seen_tag=seen_tag,
            least=DEFAULTS.brake_min_brokers,
            percent=DEFAULTS.brake_percent,
            window_ms=WINDOW_MOST_MS,
            hold_leases=HOLD_LEASES,
            hold_ms=HOLD_MOST_MS,
        )
        status, _, more, gap, brake, *evicted = reply
        self._ran_at, self._failing = time.monotonic(), False
        if gap:
            level = logging.INFO if gap == FIRST else logging.WARNING
            log.log(level, "nobody is judged for a gap: %s; every broker gets one lease to beat", gap.decode())
        for what, cluster, why in zip(brake[::3], brake[1::3], brake[2::3], strict=True):
            self._tell(what, decode(cluster.decode()), why.decode())
        for member, late_ms in zip(evicted[::2], evicted[1::2], strict=True):
            if late_ms != HELD:
                self._runner.observer.detected(int(late_ms))
            log.info("broker %s is offline: it stopped beating", member.decode())
        if more:
            return 0.0
        if status == b"early":
            return MIN_PERIOD_S
        return sweep_pause_s(self._chance())

    def _tell(self, what: bytes, cluster: str, why: str) -> None:
        if what == b"engaged":
            self._runner.observer.brake_engaged()
            log.warning("the expiry brake holds brokers of cluster %s: %s", cluster, why)
        else:
            log.warning("the expiry brake is released in cluster %s: %s", cluster, why)

    async def _pause(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._hinted.wait()
        except TimeoutError:
            pass
        else:
            self._hinted.clear()
