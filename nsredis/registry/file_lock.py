"""A lock that one process holds and that the kernel takes back when it ends, however it ends."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An exclusive lock on a file. A child that inherits the descriptor shares the lock until it ends too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """The open file, to hand on to a child."""
        assert self._descriptor is not None, "the lock is not held"
        return self._descriptor

    def try_acquire(self) -> bool:
        """Take the lock unless another holds it; whether it is held now. OSError when the file cannot be opened."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Close this process's descriptor; children that inherited it still hold the lock."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
