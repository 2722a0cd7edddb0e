"""Room for many connections in this process and those that it starts."""

from contextlib import suppress
from typing import Final

WANTED: Final = 20_000


def raise_open_files() -> None:
    """Allow as many open files as are wanted, or as many as we may."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < WANTED:
        most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
