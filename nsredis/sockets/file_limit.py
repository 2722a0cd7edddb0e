"""How many files, and so connections, this process may have open."""

import logging
import resource
from typing import Final

log = logging.getLogger(__name__)

ENOUGH: Final = 1 << 20
SPARE: Final = 256
"""Files that are no connections of clients: to the store, to HTTP clients, logs, libraries."""


def raise_file_limit() -> int:
    """Raise the limit as far as this process may, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return ENOUGH
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if wanted <= soft:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:
        log.warning("the limit of open files stays at %d: %s", soft, error)
        return soft
    return wanted


def connections_for(files: int) -> int:
    """How many connections leave enough files for everything else."""
    return max(files - max(SPARE, files // 10), files // 2)


def shares(room: int, http: int, remoting: int) -> tuple[int, int]:
    """How many connections each of two doors may have that share `room`: as many as is wished; where nothing is (0),
    what the other leaves, but a tenth at least, or half.
    """
    if http and remoting:
        return http, remoting
    if not http and not remoting:
        return room // 2, room - room // 2
    left = max(room - (http or remoting), room // 10)
    return http or left, remoting or left
