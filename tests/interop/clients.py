"""Clients of applications: RocketMQ's Java client in programs of ours, and the C++ client of the Python package."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.interop.java_process import JavaProcess, address_server
from tests.interop.logged_process import LoggedProcess
from tests.interop.releases import Release
from tests.support.processes import CHECKOUT

POLL_MS: Final = 1000
"""How often Java clients ask for routes. They do so every 30 s by default, for which no test can wait."""

LOOKS_OFTEN: Final = (f"-Drocketmq.client.rebalance.waitInterval={POLL_MS}",)
"""How often Java consumers look for queues: every 20 s by default, and on a busy machine the first look finds none."""

VERBS: Final = ("sent", "failed", "received")


def bodies(client: LoggedProcess, verb: str) -> list[str]:
    """The bodies of messages that a client `sent`, `failed` to send or `received`."""
    lines = (line.split("\t") for line in client.output.splitlines())
    return [words[1] for words in lines if words[0] == verb and len(words) > 1]


class Producer(JavaProcess):
    """Sends messages to a topic: `count` of them, or all the time when that is 0.

    Without `name_servers` it asks the address server at `domain` for them.
    """

    def __init__(
        self,
        release: Release,
        folder: Path,
        name_servers: str,
        topic: str,
        *,
        count: int = 0,
        pause_ms: int = 10,
        domain: str = "",
    ) -> None:
        command = ["Producer", name_servers, topic, str(count), str(pause_ms), str(POLL_MS)]
        super().__init__(release, folder, f"producer-{topic}", command, properties=address_server(domain))


class Consumer(JavaProcess):
    """Prints what it receives from a topic, from its beginning."""

    def __init__(self, release: Release, folder: Path, name_servers: str, topic: str, group: str = "test") -> None:
        command = ["Consumer", name_servers, topic, group, str(POLL_MS)]
        super().__init__(release, folder, f"consumer-{topic}", command, properties=LOOKS_OFTEN)


class CppClient(LoggedProcess):
    """The C++ client: `send` so many, or `receive` for a group."""

    def __init__(self, folder: Path, verb: str, name_servers: str, topic: str, count_or_group: str) -> None:
        super().__init__(folder, f"cpp-{verb}-{topic}")
        self._command = [sys.executable, "-m", "tests.interop.cpp_client", verb, name_servers, topic, count_or_group]

    def command(self) -> Sequence[str]:
        return self._command

    def environ(self) -> Mapping[str, str]:
        """Its library logs into the home directory, which is the test's."""
        paths = [str(CHECKOUT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "HOME": str(self.folder), "PYTHONPATH": os.pathsep.join(paths)}
