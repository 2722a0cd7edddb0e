"""`nsredis demo`: two nodes on one store, and simulated brokers, to look at and to break."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import click

from nsredis.cli.end_signals import EndSignals
from nsredis.registry.cancellation import end_task
from nsredis.registry.embedded import EmbeddedStore
from nsredis.registry.leash import leashed
from nsredis.registry.private_server import ServerFailed
from nsredis.registry.server_binary import NoServerBinary
from nsredis.settings import PREFIX, SERVER_VARIABLE

HTTP_PORTS: Final = (8080, 8081)
REMOTING_PORTS: Final = (9876, 9877)
READY_S: Final = 30.0
END_S: Final = 15.0
POLL_S: Final = 0.2
FAILED: Final = 3

BANNER: Final = """\
Two nodes on one store, {brokers} simulated brokers with {topics} topics:
  node 1  http://{first}  (process {first_pid})
  node 2  http://{second}  (process {second_pid})
  data    {store}

Try, in another terminal:
  curl http://{first}/v1/clusters
  curl http://{second}/v1/nodes
  nsredis watch --server http://{second}
  kill -9 {first_pid}      # the other node goes on

Ctrl-C ends it all.
"""


class _Child:
    """A process of the demo, which ends with it."""

    def __init__(self, *arguments: str, server: str = "") -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        if server:
            environ[SERVER_VARIABLE] = server
        self._process = subprocess.Popen(  # noqa: S603 - this very program, without a shell
            leashed([sys.executable, "-m", "nsredis", *arguments]),
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C in the terminal is for the demo, which ends the others in order
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    async def end(self) -> None:
        """End it in good order, and at once when that takes too long."""
        self._process.terminate()
        deadline = time.monotonic() + END_S
        while self.runs and time.monotonic() < deadline:  # noqa: ASYNC110 - a child process has no event
            await asyncio.sleep(0.05)
        self._process.kill()
        self._process.wait()


class _Node(_Child):
    """One of the two nodes."""

    def __init__(self, number: int, data_dir: Path) -> None:
        self.http = f"127.0.0.1:{_port(HTTP_PORTS[number])}"
        super().__init__(
            *("serve", "--http", self.http, "--remoting", f"127.0.0.1:{_port(REMOTING_PORTS[number])}"),
            *("--data-dir", str(data_dir), "--node-id", f"demo-{number + 1}", "--log-level", "warning"),
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


@click.command()
@click.option("--brokers", default=20, show_default=True, type=click.IntRange(1), help="How many brokers to simulate.")
@click.option("--topics", default=200, show_default=True, type=click.IntRange(1), help="How many topics they serve.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Keep the data here. [default: keep none]")
def demo(brokers: int, topics: int, data_dir: Path | None) -> None:
    """Run two nodes on one store, with simulated brokers, until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="nsredis-demo-") as temporary:
        try:
            code = asyncio.run(_run(brokers, topics, data_dir or Path(temporary)))
        except (ServerFailed, NoServerBinary) as error:
            click.echo(f"nsredis: {error}", err=True)
            code = FAILED
    sys.exit(code)


async def _run(brokers: int, topics: int, data_dir: Path) -> int:
    signals = EndSignals()
    store = EmbeddedStore(data_dir)
    await store.start()
    children: list[_Child] = []
    try:
        if not store.owned:
            raise ServerFailed(f"another process works with {data_dir}: name another --data-dir")
        showing = asyncio.create_task(_show(store, children, data_dir, brokers, topics))
        await signals.or_done(showing)
        if showing.done():
            return showing.result()
        await end_task(showing)
        return 0
    finally:
        click.echo("Ending …")
        for child in reversed(children):  # the brokers first, so that they leave in good order
            await child.end()
        await store.stop()


async def _show(store: EmbeddedStore, children: list[_Child], data_dir: Path, brokers: int, topics: int) -> int:
    """Start everything and say what there is; returns when no node is left."""
    nodes = [_Node(number, data_dir) for number in range(2)]
    children += nodes
    for node in nodes:
        await node.ready()
    first, second = nodes
    server = f"http://{second.http}"
    simulation = _Child("simulate", "--brokers", str(brokers), "--topics", str(topics), server=server)
    children.append(simulation)
    click.echo(
        BANNER.format(
            brokers=brokers,
            topics=topics,
            first=first.http,
            first_pid=first.pid,
            second=second.http,
            second_pid=second.pid,
            store=store.description,
        )
    )
    left = {node: f"The node on http://{node.http}" for node in nodes} | {simulation: "The simulation"}
    while any(node in left for node in nodes):
        await asyncio.sleep(POLL_S)
        for child in [child for child in left if not child.runs]:
            click.echo(f"{left.pop(child)} has ended.")
    return 1


def _port(wanted: int) -> int:
    """The wanted loopback port if it is free, else another one."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    raise ServerFailed("there is no free port on 127.0.0.1")
