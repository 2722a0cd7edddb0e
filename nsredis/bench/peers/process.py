"""A server as a process of its own, on cores of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import nsredis
from nsredis.bench.failures import LoadFailed, PeerMissing
from nsredis.bench.kernel.accounting import Usage, memory_mib, usage
from nsredis.bench.kernel.cores import on_cores
from nsredis.registry.leash import leashed
from nsredis.settings import PREFIX

PACKAGE: Final = Path(nsredis.__file__).parent
READY_S: Final = 60.0
END_S: Final = 10.0
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where servers of the distribution stand that are not on everybody's PATH."""


def program(name: str, package: str) -> str:
    """The path of an installed program. PeerMissing."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")
    if path is None:
        raise PeerMissing(f"there is no {name} here (Debian and Ubuntu: {package})")
    return path


def own_environ() -> dict[str, str]:
    """The environment of a program of this package: it is to be this very package, whatever else is installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (str(PACKAGE.parent), kept.get("PYTHONPATH"))))}


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class ServerProcess:
    """One running server. `beside` is a store that works for it, if any: its processor time is told apart."""

    forgiven = False
    """Whether its wrong answers are counted and told, and end nothing: those of a peer, as long as they are few."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        cores: frozenset[int],
        *,
        port: int,
        environ: Mapping[str, str] | None = None,
        beside: "ServerProcess | None" = None,
    ) -> None:
        self.name = name
        self.port = port
        self.beside = beside
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{name.replace(' ', '-').replace('/', '-')}.log"
        with self._log.open("wb") as log, on_cores(cores):
            self._process = subprocess.Popen(  # noqa: S603 - a known program, without a shell
                leashed(list(command)),
                cwd=folder,
                env=dict(environ) if environ is not None else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for this process, which ends the others
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def usage(self) -> Usage:
        """Processor time so far."""
        return usage([self.pid])

    def peak_mib(self) -> float:
        """The most memory that it ever had."""
        return memory_mib(self.pid, "VmHWM")

    def wait_listening(self, port: int | None = None) -> Self:
        """Wait until it takes connections. LoadFailed when it ends or does not."""
        deadline = time.monotonic() + READY_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port or self.port), timeout=1):
                return self
            time.sleep(0.02)
        raise LoadFailed(f"{self.name} does not listen: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace")[-500:].strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        self._process.wait()
