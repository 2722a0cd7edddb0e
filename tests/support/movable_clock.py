"""A wall clock that a test moves while a process runs. The monotonic clock stays, as it does on a real machine."""

import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

SOURCE = Path(__file__).with_name("movable_clock.c")


class NoCompiler(Exception):
    """There is nothing here to compile C with."""


def compiled(folder: Path) -> Path:
    """The library that moves the clock. NoCompiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompiler("there is no C compiler (cc)")
    library = folder / "movable_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", library, SOURCE], check=True)
    return library


class MovableClock:
    """The clock of each process that is started while it is `worn`."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._file = folder / "moved-clock"
        self._file.write_bytes(bytes(8))
        with self._file.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)
        self._environ = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(self._file)}

    @contextmanager
    def worn(self) -> Iterator[None]:
        """Processes that are started meanwhile have this clock."""
        with mock.patch.dict(os.environ, self._environ):
            yield

    def jump_to(self, seconds: int) -> None:
        """From now on the clock is so many seconds away from the machine's."""
        self._page[:] = struct.pack("=q", seconds)
