"""`nsredis demo`: two nodes on one store, and simulated brokers, to look at and to break."""

import asyncio
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import click

from nsredis.cli.end_signals import EndSignals
from nsredis.cli.local_nodes import Child, LocalNode
from nsredis.registry.cancellation import end_task
from nsredis.registry.embedded import EmbeddedStore
from nsredis.registry.private_server import ServerFailed
from nsredis.registry.server_binary import NoServerBinary

PORTS: Final = ((8080, 9876), (8081, 9877))
"""The nodes' wanted ports: HTTP and remoting."""

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
  {program} watch --server http://{second}
  kill -9 {first_pid}      # the other node goes on

Ctrl-C ends it all.
"""


@click.command()
@click.option("--brokers", default=20, show_default=True, type=click.IntRange(1), help="How many brokers to simulate.")
@click.option("--topics", default=200, show_default=True, type=click.IntRange(1), help="How many topics they serve.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Keep the data here. [default: keep none]")
def demo(brokers: int, topics: int, data_dir: Path | None) -> None:
    """Run two nodes on one store, with simulated brokers, until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="nsredis-demo-") as temporary:
        try:
            code = asyncio.run(_run(brokers, topics, data_dir, Path(temporary)))
        except (ServerFailed, NoServerBinary) as error:
            click.echo(f"nsredis: {error}", err=True)
            code = FAILED
    sys.exit(code)


async def _run(brokers: int, topics: int, kept: Path | None, temporary: Path) -> int:
    children: list[Child] = []

    def leave_no_folder() -> None:
        for child in children:  # or one of them goes on and writes there
            child.kill()
        shutil.rmtree(temporary, ignore_errors=True)

    signals = EndSignals(leave_no_folder)
    data_dir = kept or temporary
    store = EmbeddedStore(data_dir)
    await store.start()
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


def this_program() -> str:
    """How a person runs this very program, in this folder."""
    started_as = Path(sys.argv[0])
    if started_as.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m nsredis"
    found = shutil.which(started_as.name)
    if found is not None and started_as.exists() and Path(found).samefile(started_as):
        return started_as.name
    return shlex.quote(str(started_as))


async def _show(store: EmbeddedStore, children: list[Child], data_dir: Path, brokers: int, topics: int) -> int:
    """Start everything and say what there is; returns when no node is left."""
    nodes = [LocalNode(f"demo-{number}", data_dir, *ports) for number, ports in enumerate(PORTS, 1)]
    children += nodes
    for node in nodes:
        await node.ready()
    first, second = nodes
    server = f"http://{second.http}"
    simulation = Child("simulate", "--brokers", str(brokers), "--topics", str(topics), server=server)
    children.append(simulation)
    click.echo(
        BANNER.format(
            brokers=brokers,
            topics=topics,
            first=first.http,
            first_pid=first.pid,
            second=second.http,
            second_pid=second.pid,
            program=this_program(),
            store=store.description,
        )
    )
    left = {node: f"The node on http://{node.http}" for node in nodes} | {simulation: "The simulation"}
    while any(node in left for node in nodes):
        await asyncio.sleep(POLL_S)
        for child in [child for child in left if not child.runs]:
            click.echo(f"{left.pop(child)} has ended.")
    return 1
