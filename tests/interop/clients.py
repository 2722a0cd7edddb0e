"""Clients of applications: RocketMQ's Java client in programs of ours, and the C++ client of the Python package."""

from pathlib import Path
from typing import Final

from tests.interop.java_process import JavaProcess
from tests.interop.releases import Release

POLL_MS: Final = 1000
"""How often clients ask for routes: the least that their shutdown and retries are made for; 30 s by default."""


class Client(JavaProcess):
    """A program of ours that prints one line for each message, its words separated by tabs."""

    @property
    def lines(self) -> list[list[str]]:
        """What it printed of messages."""
        words = (line.split("\t") for line in self.output.splitlines() if "\t" in line)
        return [line for line in words if line[0] in ("sent", "failed", "received", "status", "queue")]

    def bodies(self, verb: str) -> list[str]:
        """The bodies of messages that were `sent`, `failed` or `received`."""
        return [line[1] for line in self.lines if line[0] == verb]


class Producer(Client):
    """Sends messages to a topic: `count` of them, or all the time when that is 0."""

    def __init__(
        self, release: Release, folder: Path, name_servers: str, topic: str, *, count: int = 0, pause_ms: int = 10
    ) -> None:
        command = ["Producer", name_servers, topic, str(count), str(pause_ms), str(POLL_MS)]
        super().__init__(release, folder, f"producer-{topic}", command)

    def done(self) -> None:
        """Wait until it has sent everything."""
        self.wait_for("^done$")


class Consumer(Client):
    """Prints what it receives from a topic, from its beginning."""

    def __init__(self, release: Release, folder: Path, name_servers: str, topic: str, group: str = "test") -> None:
        super().__init__(release, folder, f"consumer-{topic}", ["Consumer", name_servers, topic, group, str(POLL_MS)])
