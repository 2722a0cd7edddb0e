"""What the nodes and their store take of the machine, asked every so often."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.histories.flat import Flatness, flatness
from tests.histories.ground import Ground, NodePlace

EVERY_S: Final = 10.0
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Bound:
    """How much a figure may grow and still be called flat: a share of it, or so many of its units."""

    unit: str
    share: float
    margin: float


BOUNDS: Final = {
    "memory": Bound("MiB", 0.03, 2.0),
    "open files": Bound("", 0.0, 8.0),
    "store memory": Bound("MiB", 0.05, 1.0),
    "store keys": Bound("", 0.0, 8.0),
    "stream length": Bound("", 0.02, 100.0),
}


@dataclass
class Series:
    """One figure of one process over time."""

    what: str
    of: str
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def flatness(self) -> Flatness | None:
        bound = BOUNDS[self.what]
        return flatness(self.times, self.values, share=bound.share, margin=bound.margin)


class Sampler:
    """Takes samples for ever. A node that is started again begins series of its own."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._series: dict[tuple[str, str], Series] = {}
        self._began = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for node in self._ground.nodes:
                self._of_node(node)
            await self._of_store()
            await asyncio.sleep(EVERY_S)

    def lasting(self) -> Iterable[Series]:
        """Those that cover at least half of the time: of processes that were not started again."""
        longest = max((len(series.values) for series in self._series.values()), default=0)
        return [series for series in self._series.values() if 2 * len(series.values) >= longest]

    def _keep(self, what: str, of: str, value: float) -> None:
        series = self._series.setdefault((what, of), Series(what, of))
        series.times.append(asyncio.get_running_loop().time() - self._began)
        series.values.append(value)

    def _of_node(self, node: NodePlace) -> None:
        process = Path("/proc", str(node.pid))
        try:
            status = (process / "status").read_text()
            files = len(list((process / "fd").iterdir()))
        except OSError:
            return  # it is being started again
        resident = next((line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")), None)
        if resident is not None:
            self._keep("memory", f"node {node.name}", int(resident) / 1024)
            self._keep("open files", f"node {node.name}", files)

    async def _of_store(self) -> None:
        try:
            async with asyncio.timeout(2), Redis.from_url(self._ground.store.url, protocol=2) as client:
                about: dict[str, Any] = await client.info("memory")
                keys = await client.dbsize()
                changes = await client.xlen("nsr:{history}:changes")
        except (RedisError, OSError, TimeoutError):
            return  # it is broken right now
        self._keep("store memory", "store", about["used_memory"] / MIB)
        self._keep("store keys", "store", keys)
        self._keep("stream length", "store", changes)
