"""Nodes on this machine, each a process that ends with this one: for `nsredis demo` and `nsredis bench`."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp

from nsredis.client.servers import SERVER_VARIABLE
from nsredis.registry.leash import leashed
from nsredis.registry.private_server import ServerFailed
from nsredis.settings import PREFIX

READY_S: Final = 30.0
END_S: Final = 15.0


class Child:
    """A run of this very program that ends with this process. `server`: which name server it asks."""

    def __init__(self, *arguments: str, server: str = "") -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        if server:
            environ[SERVER_VARIABLE] = server
        self._process = subprocess.Popen(  # noqa: S603 - this very program, without a shell
            leashed([sys.executable, "-m", "nsredis", *arguments]),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal is for this process, which ends the others in order
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once, in whatever it does."""
        self._process.kill()

    async def end(self) -> None:
        """End it in good order, and at once when that takes too long."""
        self._process.terminate()
        deadline = time.monotonic() + END_S
        while self.runs and time.monotonic() < deadline:  # noqa: ASYNC110 - a child process has no event
            await asyncio.sleep(0.05)
        self._process.kill()
        self._process.wait()


class LocalNode(Child):
    """A node on loopback ports: the wanted ones where they are free, else others; 0 wants none in particular."""

    def __init__(
        self, name: str, data_dir: Path, http_port: int = 0, remoting_port: int = 0, *, log_level: str = "warning"
    ) -> None:
        self.http = f"127.0.0.1:{_port(http_port)}"
        super().__init__(
            *("serve", "--http", self.http, "--remoting", f"127.0.0.1:{_port(remoting_port)}"),
            *("--data-dir", str(data_dir), "--node-id", name, "--log-level", log_level),
            *("--settle-ms", "0"),  # nobody else knows this store
        )

    async def ready(self) -> None:
        """Wait until it is ready; ServerFailed when it is not in time."""
        deadline = time.monotonic() + READY_S
        async with aiohttp.ClientSession() as session:
            while self.runs and time.monotonic() < deadline:
                with suppress(aiohttp.ClientError):
                    async with session.get(f"http://{self.http}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)
        raise ServerFailed(f"the node on {self.http} is not ready after {READY_S:.0f} s")


def _port(wanted: int) -> int:
    """The wanted loopback port if it is free, else another one."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    raise ServerFailed("there is no free port on 127.0.0.1")
