"""A temporary folder that is gone afterwards, however this process ends."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PREFIX: Final = "nsredis-bench-"
DONE: Final = b"done"
REMOVER: Final = """\
import os, shutil, sys, time
if sys.stdin.buffer.read() != b"done":  # it ends when the other process does
    gone = 0
    for _ in range(60):  # the servers that end now may still write
        gone = 0 if os.path.exists(sys.argv[1]) else gone + 1
        if gone == 8:
            break
        shutil.rmtree(sys.argv[1], ignore_errors=True)
        time.sleep(0.25)
"""
"""A program of its own, so that not even SIGKILL leaves the folder behind."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder and remove it at the end; end the servers in it before. Another process removes it where this one
    is killed.
    """
    path = tempfile.mkdtemp(prefix=PREFIX)
    remover = subprocess.Popen(  # noqa: S603 - this Python, with a fixed program
        [sys.executable, "-I", "-S", "-c", REMOVER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # a Ctrl-C in the terminal is not for it
    )
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        with suppress(BrokenPipeError):
            remover.communicate(DONE)
