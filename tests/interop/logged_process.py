"""A process whose every word is kept in a file, until which tests wait, and which they kill, pause and resume."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

START_S: Final = 30.0
RUNNING: Final[list["LoggedProcess"]] = []
"""Those that run now: what they said is shown when a test fails."""


class LoggedProcess:
    """One process. What it says, on both outputs, is in `output`. Whoever makes it must kill it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._from = 0  # where in the log the present run began

    def command(self) -> Sequence[str]:
        """What is run."""
        raise NotImplementedError

    def environ(self) -> Mapping[str, str]:
        """The environment that it runs in."""
        return os.environ

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def output(self) -> str:
        """What it said since it was last started."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[self._from :].decode(errors="replace")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, f"{self.name} is not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, stdin: int = subprocess.DEVNULL, stdout: int | None = None) -> None:
        """Start it; it may not be ready yet."""
        assert not self.running, f"{self.name} runs already"
        command = self.command()
        self._from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environ(),
                stdin=stdin,
                stdout=log if stdout is None else stdout,
                stderr=log,
            )
        RUNNING.append(self)

    def wait_until(self, condition: Callable[[], object], within_s: float, what: str) -> None:
        """Wait for a condition; fail with what the process said if it ends or takes too long."""
        deadline = time.monotonic() + within_s
        while not condition():
            ended = not self.running
            if ended and condition():
                return
            if ended or time.monotonic() > deadline:
                why = "it has ended" if ended else f"not within {within_s} s"
                raise AssertionError(f"{self.name}: {what}: {why}\n{self.tail()}")
            time.sleep(0.01)

    def wait_for(self, pattern: str, within_s: float = START_S) -> "re.Match[str]":
        """Wait until it says something that a pattern finds."""
        expression = re.compile(pattern, re.MULTILINE)
        self.wait_until(lambda: expression.search(self.output), within_s, f"says {pattern}")
        found = expression.search(self.output)
        assert found is not None
        return found

    def tail(self, lines: int = 60) -> str:
        """The last that it said."""
        return "\n".join(self.output.splitlines()[-lines:])

    def ended(self, within_s: float = START_S) -> int:
        """Wait until it has ended by itself; its exit code."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} goes on after {within_s} s\n{self.tail()}") from None

    def terminate(self) -> None:
        """Ask it to end in good order. Brokers take some seconds for it."""
        self.process.send_signal(signal.SIGTERM)

    def kill9(self) -> None:
        """Kill it without warning; nothing when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self in RUNNING:
            RUNNING.remove(self)

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing is said."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on."""
        self.process.send_signal(signal.SIGCONT)
