"""Which cores the server has, and which the load: different ones where there are two."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_FOR_LOAD: Final = 3


@dataclass(frozen=True, slots=True)
class Cores:
    """The server's core, and the cores of the load and of the store."""

    server: frozenset[int]
    load: frozenset[int]

    @property
    def apart(self) -> bool:
        """Whether the load takes no time from the server."""
        return not self.server & self.load

    def __str__(self) -> str:
        names = [",".join(map(str, sorted(cores))) for cores in (self.server, self.load)]
        return f"server on core {names[0]}, load and store on {names[1]}"


def choose_cores() -> Cores:
    """The first core for the server, others for the load."""
    if not hasattr(os, "sched_getaffinity"):
        every = frozenset(range(os.cpu_count() or 1))
        return Cores(every, every)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(allowed[:1]), frozenset(allowed[1 : 1 + MOST_FOR_LOAD] or allowed))


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores, from its first thread on."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move(pid: int, cores: frozenset[int]) -> None:
    """Have a process run on these cores from now on, all of its threads."""
    if hasattr(os, "sched_setaffinity"):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.sched_setaffinity(int(thread.name), cores)
