"""`nsredis serve` as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.processes import CHECKOUT

START_S = 20.0


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of nsredis that somebody's shell may have; no view is saved."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NSREDIS_")}
    return {**kept, "NSREDIS_SNAPSHOT_MAX_AGE_MS": "0", **more}


class ServeProcess:
    """One node on free loopback ports. What it says, on both outputs, is in `output`."""

    def __init__(self, folder: Path, *arguments: str | Path, environ: Mapping[str, str] | None = None) -> None:
        self.http = f"127.0.0.1:{free_port()}"
        self.remoting = f"127.0.0.1:{free_port()}"
        self._arguments = ["--http", self.http, "--remoting", self.remoting, *map(str, arguments)]
        self._environ = clean_environment(**(environ or {}))
        self._log = folder / f"serve-{self.http.rpartition(':')[2]}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.http}"

    @property
    def output(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "the node is not started"
        return self._process

    def start(self) -> None:
        """Start it; it may not listen yet."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nsredis", "serve", *self._arguments],
                cwd=CHECKOUT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def status(self, path: str) -> int:
        """The status of a GET; 0 when nobody listens."""
        try:
            async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    async def ready(self) -> None:
        """Wait until it is ready."""

        async def is_ready() -> bool:
            assert self.process.poll() is None, self.output
            return await self.status("/readyz") == 200

        try:
            await eventually(is_ready, START_S, every_s=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None

    async def ended(self, within_s: float = 20.0) -> int:
        """Wait until it has ended; its exit code."""
        await eventually(lambda: self.process.poll() is not None, within_s, what="the node ended")
        return self.process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        self.process.send_signal(signal.SIGTERM)

    def kill9(self) -> None:
        """Kill it without warning; nothing when it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
