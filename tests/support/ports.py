"""Free loopback ports."""

import itertools
import os
import random
import socket
from collections.abc import Iterator
from typing import Final

FIRST, LAST = 10_000, 19_999
"""Below the ports that the system gives to outgoing connections: none takes one before its server does."""

WORKERS: Final = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""Which of the processes this is that run tests side by side."""


def of_this_worker(first: int, last: int, step: int = 1) -> Iterator[int]:
    """Ports of a range, round and round from anywhere. No other worker is given them: a server takes its port late."""
    share = (last + 1 - first) // WORKERS // step * step
    ports = range(first + WORKER * share, first + (WORKER + 1) * share, step)
    start = random.randrange(len(ports))
    return itertools.cycle((*ports[start:], *ports[:start]))


_ports: Final = of_this_worker(FIRST, LAST)


def free_port() -> int:
    """A loopback port that nothing listens on now, another one each time."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
