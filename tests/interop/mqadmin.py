"""mqadmin, RocketMQ's administration command."""

import os
import select
import subprocess
import time
from pathlib import Path
from typing import Final

from tests.interop.java_process import JavaProcess
from tests.interop.releases import Release

COMMAND_S: Final = 30.0
ONCE_A_JVM: Final = ("sendMessage", "consumeMessage")
"""Commands that keep their client in a static field, and cannot start it again."""


class MqAdmin:
    """Runs mqadmin commands in one JVM that stays: the first takes a second, the others some milliseconds.

    mqadmin prints what went wrong, and ends well whatever happens: look at the text.
    """

    def __init__(self, release: Release, folder: Path) -> None:
        self._shell = JavaProcess(release, folder, f"mqadmin-{release}", ["AdminShell"])

    def run(self, *words: str, within_s: float = COMMAND_S) -> str:
        """Run one command, as `run("topicRoute", "-n", …, "-t", …)`; what it printed."""
        if words[0] in ONCE_A_JVM:
            self.close()
        if not self._shell.running:
            self._shell.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stdin, stdout = self._shell.process.stdin, self._shell.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(("\t".join(words) + "\n").encode())
        stdin.flush()
        deadline = time.monotonic() + within_s
        answer = b""
        while True:
            head, found, printed = answer.partition(b"\n")
            if found and len(printed) >= int(head):
                return printed.decode()
            ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(stdout.fileno(), 1 << 16) if ready else b""
            if not part:
                self.close()
                why = "mqadmin ended" if ready else f"mqadmin took over {within_s} s"
                raise AssertionError(f"{why}: {' '.join(words)}\n{printed.decode()}\n{self._shell.tail()}")
            answer += part

    def close(self) -> None:
        """End the JVM."""
        process = self._shell._process
        self._shell.kill9()
        for pipe in (process.stdin, process.stdout) if process is not None else ():
            if pipe is not None:
                pipe.close()
