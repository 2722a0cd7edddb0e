"""Runs a program that ends when its parent ends: `python leash.py PARENT_PID LOCK_FD PROGRAM ARGUMENT…`.

Run as a file of its own, so that it starts at once and needs nothing installed. It asks the kernel for SIGTERM at the
parent's death, writes its process id, which the program keeps, into a lock file that it inherited (-1: none), and
becomes the program.
"""

import ctypes
import os
import signal
import sys
from typing import Final, NoReturn

PR_SET_PDEATHSIG: Final = 1
NO_LOCK: Final = -1


def leashed(command: list[str], lock: int = NO_LOCK) -> list[str]:
    """The command line that runs `command` so that it ends with the thread that starts it (on Linux).

    `lock`: an inherited descriptor of a file that is to hold the program's process id.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(lock), *command]


def main(arguments: list[str]) -> NoReturn:
    """Become the program; exits with 1 when the parent is gone already."""
    parent, lock, *command = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(1)
    if int(lock) != NO_LOCK:
        os.ftruncate(int(lock), 0)
        os.pwrite(int(lock), str(os.getpid()).encode(), 0)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell, and a checked path
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
