"""Nodes of nsredis that belong to a scenario, which kills, drains and restarts them."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.processes import CHECKOUT
from tests.support.serve_process import ServeProcess, clean_environment

COMMAND_S = 30.0


class OwnNodes:
    """Some nodes on one store, in a namespace of their own."""

    def __init__(self, folder: Path, store_url: str, namespace: str, count: int = 2, *arguments: str) -> None:
        shared = ["--redis", store_url, "--namespace", namespace, "--settle-ms", "0", *arguments]
        self._folder = folder
        self._namespace = namespace
        self._shared = shared
        self.nodes: list[ServeProcess] = []
        for _ in range(count):
            self.another()

    @property
    def addresses(self) -> Sequence[str]:
        return [node.remoting for node in self.nodes]

    def another(self, instead_of: ServeProcess | None = None) -> ServeProcess:
        """One more node, to be started; or one that answers HTTP where an ended one did, and remoting elsewhere."""
        own = ["--node-id", f"{self._namespace}-{len(self.nodes) + 1}"]
        node = ServeProcess(self._folder, *self._shared, *own, *(["--http", instead_of.http] if instead_of else []))
        if instead_of:
            node.http = instead_of.http  # the later of two flags counts
        self.nodes.append(node)
        return node

    def __enter__(self) -> "OwnNodes":
        """Start them all and wait until they are ready."""

        async def all_ready() -> None:
            for node in self.nodes:
                await node.ready()

        for node in self.nodes:
            node.start()
        try:
            asyncio.run(all_ready())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.kill9()

    @property
    def remoting(self) -> str:
        """The addresses as RocketMQ takes them."""
        return ";".join(self.addresses)

    def command(self, *words: str | Path) -> str:
        """What an `nsredis` command prints that is given to the first node."""
        return nsredis(words, self.nodes[0].url)


def nsredis(words: Sequence[str | Path], server: str) -> str:
    """Run an operator's command to its good end; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "nsredis", *words, "--server", server],
        cwd=CHECKOUT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    assert done.returncode == 0, f"nsredis {' '.join(map(str, words))}\n{done.stdout}{done.stderr}"
    return done.stdout
