"""Processor time and memory of a process, by the kernel's accounting."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """Of each thread: how long it has run, and how long it has waited for a core, in nanoseconds."""

    threads: dict[int, tuple[int, int]]

    def since(self, before: "Usage") -> tuple[float, float]:
        """Seconds run and waited since then. A thread that ended meanwhile is not counted."""
        ran = waited = 0
        for thread, (run_ns, wait_ns) in self.threads.items():
            earlier = before.threads.get(thread, (0, 0))
            ran += run_ns - earlier[0]
            waited += wait_ns - earlier[1]
        return ran / 1e9, waited / 1e9


def usage(pids: Iterable[int]) -> Usage:
    """What these processes have used so far."""
    threads: dict[int, tuple[int, int]] = {}
    for pid in pids:
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(OSError):
                    run_ns, wait_ns, _ = (task / "schedstat").read_text().split()
                    threads[int(task.name)] = int(run_ns), int(wait_ns)
    return Usage(threads)


def children_of(pid: int) -> list[int]:
    """The processes that a process' main thread has started and that live; none where the system does not tell."""
    with suppress(OSError):
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return []


def memory_mib(pid: int, what: str = "VmRSS") -> float:
    """Resident memory of a process; `VmHWM` is the most that it ever had. 0 when it cannot be told."""
    with suppress(OSError):
        found = re.search(rf"^{what}:\s*(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 1024
    return 0.0
