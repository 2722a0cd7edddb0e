"""Waiting until nobody else is at work on our cores; how much of the time others had."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SAMPLE_S: Final = 0.2
QUIET: Final = 0.12
"""The part of a core's time that others may have."""

_IDLE, _IOWAIT, _STEAL = 3, 4, 7


@dataclass(frozen=True, slots=True)
class CoreTimes:
    """Of each core, in ticks since its start: all, idle, and stolen by other machines of the same host."""

    cores: dict[int, tuple[int, int, int]]

    def busiest_since(self, before: "CoreTimes") -> float:
        """The part of its time that the busiest core was not idle."""
        return max((1 - idle / whole for whole, idle, _ in self._since(before)), default=0.0)

    def stolen_since(self, before: "CoreTimes") -> float:
        """The part of its time that the most robbed core was robbed of."""
        return max((stolen / whole for whole, _, stolen in self._since(before)), default=0.0)

    def _since(self, before: "CoreTimes") -> list[tuple[int, int, int]]:
        pairs = [(times, before.cores[core]) for core, times in self.cores.items() if core in before.cores]
        deltas = [(now[0] - then[0], now[1] - then[1], now[2] - then[2]) for now, then in pairs]
        return [delta for delta in deltas if delta[0] > 0]


def core_times(cores: frozenset[int]) -> CoreTimes:
    """The times of these cores; none where the system does not tell."""
    found: dict[int, tuple[int, int, int]] = {}
    with suppress(OSError):
        for line in Path("/proc/stat").read_text().splitlines():
            name, *fields = line.split()
            if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
                ticks = [int(field) for field in fields[:8]]
                found[int(name[3:])] = sum(ticks), ticks[_IDLE] + ticks[_IOWAIT], ticks[_STEAL]
    return CoreTimes(found)


class Quiet:
    """Waits for quiet cores before each round: a while each time, and no more than `budget_s` in all."""

    def __init__(self, cores: frozenset[int], each_s: float, budget_s: float) -> None:
        self._cores = cores
        self._each_s = each_s
        self._left_s = budget_s

    def wait(self) -> float:
        """Wait; the part of its time for which the busiest core was at work at last."""
        started = time.monotonic()
        limit_s = min(self._each_s, self._left_s)
        busy = 1.0
        while True:
            before = core_times(self._cores)
            time.sleep(SAMPLE_S)
            busy = core_times(self._cores).busiest_since(before)
            waited = time.monotonic() - started
            if busy <= QUIET or waited >= limit_s:
                self._left_s -= max(0.0, waited - SAMPLE_S)
                return busy
