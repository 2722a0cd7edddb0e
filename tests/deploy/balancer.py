"""Debian's haproxy with the very configuration that we give to users."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.processes import CHECKOUT

CONFIGURATION = CHECKOUT / "deploy" / "haproxy.cfg"
START_S = 10.0


def installed(command: str) -> str:
    """The path of a program that these tests need; they fail without it, since nothing here is skipped."""
    path = shutil.which(command, path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
    assert path is not None, f"there is no {command} here: .ci/run installs it"
    return path


class Balancer:
    """One haproxy in front of three nodes, on free loopback ports."""

    def __init__(self, folder: Path, http: Sequence[str], remoting: Sequence[str]) -> None:
        self.http = f"127.0.0.1:{free_port()}"
        self.remoting_port = free_port()
        self._log = folder / "haproxy.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._environ = {
            "PATH": os.environ["PATH"],
            "NSREDIS_HTTP_BIND": self.http,
            "NSREDIS_REMOTING_BIND": f"127.0.0.1:{self.remoting_port}",
            **{f"NSREDIS_{number}_HTTP": address for number, address in enumerate(http, 1)},
            **{f"NSREDIS_{number}_REMOTING": address for number, address in enumerate(remoting, 1)},
        }

    @property
    def url(self) -> str:
        return f"http://{self.http}"

    @property
    def output(self) -> str:
        """What it logged."""
        return self._log.read_text() if self._log.exists() else ""

    async def start(self) -> None:
        """Start it and wait until it passes requests on."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [installed("haproxy"), "-db", "-f", CONFIGURATION],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        process = self._process

        async def passes_on() -> bool:
            assert process.poll() is None, self.output
            try:
                async with aiohttp.ClientSession() as session, session.get(f"{self.url}/livez") as answer:
                    return answer.status == 200
            except aiohttp.ClientConnectionError:
                return False

        await eventually(passes_on, START_S, what="haproxy passes requests on", every_s=0.05)

    @property
    def remoting(self) -> str:
        """Where brokers and clients connect."""
        return f"127.0.0.1:{self.remoting_port}"

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
