"""Free loopback ports."""

import itertools
import random
import socket
from typing import Final

FIRST, LAST = 10_000, 19_999
"""Below the ports that the system gives to outgoing connections: none takes one before its server does."""

_ports: Final = itertools.count(random.randrange(LAST - FIRST))


def free_port() -> int:
    """A loopback port that nothing listens on now, another one each time."""
    return next(port for port in (FIRST + number % (LAST - FIRST + 1) for number in _ports) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
