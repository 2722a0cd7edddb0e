"""Our commands as users run them: processes of their own, with what they print."""

import asyncio
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.eventually import eventually
from tests.support.processes import CHECKOUT
from tests.support.serve_process import clean_environment

COMMAND_S = 30.0


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines of a table without its head, each as words."""
        return [line.split() for line in self.out.splitlines()[1:]]


async def _start(arguments: tuple[str, ...], server: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "nsredis",
        *arguments,
        cwd=CHECKOUT,
        env=clean_environment(NSREDIS_SERVER=server, PYTHONUNBUFFERED="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def command(*arguments: str, server: str) -> Ran:
    """Run a command to its end."""
    process = await _start(arguments, server)
    try:
        out, err = await asyncio.wait_for(process.communicate(), COMMAND_S)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    assert "Traceback" not in err.decode(), err.decode()
    return Ran(process.returncode, out.decode(), err.decode())


class RunningCommand:
    """A command that runs until it is told to end."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._heard = {"out": "", "err": ""}
        streams = (("out", process.stdout), ("err", process.stderr))
        self._listening = [asyncio.create_task(self._listen(name, stream)) for name, stream in streams if stream]

    async def _listen(self, name: str, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(65536):
            self._heard[name] += chunk.decode()

    @property
    def out(self) -> str:
        return self._heard["out"]

    @property
    def err(self) -> str:
        return self._heard["err"]

    async def says(self, words: str, within_s: float = 15.0) -> None:
        """Wait until it has printed these words."""

        def said() -> bool:
            assert self._process.returncode is None or words in self.out + self.err, f"it ended: {self.out}{self.err}"
            return words in self.out + self.err

        await eventually(said, within_s, what=f"it says {words!r}")

    async def end(self, how: signal.Signals = signal.SIGTERM) -> Ran:
        """Ask it to end, and wait."""
        self.send(how)
        return await self.ended()

    def send(self, how: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(how)

    async def ended(self) -> Ran:
        """Wait until it has ended."""
        code = await asyncio.wait_for(self._process.wait(), COMMAND_S)
        await asyncio.gather(*self._listening)
        assert "Traceback" not in self.err, self.err
        return Ran(code, self.out, self.err)

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._listening)


@asynccontextmanager
async def running(*arguments: str, server: str) -> AsyncIterator[RunningCommand]:
    """A running command, killed at the end when it has not ended before."""
    command = RunningCommand(await _start(arguments, server))
    try:
        yield command
    finally:
        await command.kill()
