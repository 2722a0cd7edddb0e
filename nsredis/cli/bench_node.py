"""`nsredis bench` without a scenario: what one node does in a second, and how soon its neighbour shows a change."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import click
import orjson

from nsredis import __version__
from nsredis.bench.failures import LoadFailed
from nsredis.bench.figures import ROUNDS, Figure, Load, steps
from nsredis.bench.fleet import Fleet, simulated_brokers
from nsredis.bench.machine import machine_facts
from nsredis.bench.propagation import propagation
from nsredis.bench.report import document, rows
from nsredis.cli import output
from nsredis.cli.asking import fail
from nsredis.cli.end_signals import EndSignals
from nsredis.cli.event_loop import loop_name
from nsredis.client.http_client import ApiClient
from nsredis.client.servers import server_urls

DEFAULT_SECONDS: Final = 3.0
BROKERS: Final = 100
TOPICS: Final = 500
LEASE_MS: Final = 600_000
"""Long enough that nobody needs to beat meanwhile."""


def one_url(text: str) -> str:
    """An option that is one http:// URL."""
    try:
        urls = server_urls(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if len(urls) != 1 or not urls[0].startswith("http://"):
        raise click.BadParameter("must be one http:// URL")
    return urls[0]


async def measure_node(
    server: str | None, second: str | None, folder: Path, seconds: float, connections: int, *, as_json: bool
) -> None:
    """Measure a node, print the figures, and end at the first signal."""
    facts = {"nsredis": __version__, **await asyncio.to_thread(machine_facts), "loop of the client": loop_name()}
    signals = EndSignals()
    measuring = asyncio.create_task(_bench(server, second, folder, facts, seconds, connections))
    await signals.or_done(measuring)
    if not measuring.done():
        measuring.cancel()
        await asyncio.wait({measuring})
        fail("ended before all was measured", 128 + (signals.first or 0))
    try:
        figures = measuring.result()
    except LoadFailed as error:
        fail(str(error))
    if as_json:
        output.json_body(orjson.dumps(document(facts, figures)))
        return
    output.facts(facts)
    click.echo()
    output.table(["figure", "median", f"{ROUNDS} rounds", "what"], rows(figures), empty="nothing was measured")


async def _bench(
    server: str | None, second: str | None, folder: Path, facts: dict[str, str], seconds: float, connections: int
) -> list[Figure]:
    async with AsyncExitStack() as stack:
        if server is None:
            started = await stack.enter_async_context(_two_nodes(folder))
            server, second, facts["store"] = started
            facts["nodes"] = f"two, started here, loop {loop_name()}"
        else:
            facts["nodes"] = " and ".join(url for url in (server, second) if url)
        first = await stack.enter_async_context(ApiClient(server, connections=connections))
        fleet = await stack.enter_async_context(_fleet(first))
        figures = []
        for name, step in steps(Load(first, fleet, connections, seconds)).items():
            _tell(f"measuring {name} …")
            figures.append(await step())
        if second is None:
            _tell("without --second, the delay of changes is not measured")
            return figures
        other = await stack.enter_async_context(ApiClient(second))
        _tell("measuring the delay of changes …")
        return [*figures, await propagation(first, other, fleet, seconds)]


@asynccontextmanager
async def _two_nodes(folder: Path) -> AsyncIterator[tuple[str, str, str]]:
    """Two nodes on one embedded store: their URLs, and what the store is."""
    from nsredis.cli.local_nodes import LocalNode
    from nsredis.registry.embedded import EmbeddedStore
    from nsredis.registry.private_server import ServerFailed
    from nsredis.registry.server_binary import NoServerBinary

    _tell("starting two nodes …")
    store = EmbeddedStore(folder)
    nodes: list[LocalNode] = []
    try:
        await store.start()
        nodes += [LocalNode(f"bench-{number}", folder, log_level="error") for number in (1, 2)]
        for node in nodes:
            await node.ready()
        first, second = nodes
        yield f"http://{first.http}", f"http://{second.http}", store.description.partition(" in ")[0]
    except (ServerFailed, NoServerBinary) as error:
        raise LoadFailed(str(error)) from None
    finally:
        for node in reversed(nodes):
            await node.end()
        await store.stop()


@asynccontextmanager
async def _fleet(client: ApiClient) -> AsyncIterator[Fleet]:
    """Brokers under names that nobody else has; they leave at the end."""
    cluster = f"bench-{secrets.token_hex(4)}"
    fleet = Fleet(client, simulated_brokers(BROKERS, TOPICS, cluster), LEASE_MS)
    try:
        await fleet.register_all()
        yield fleet
    finally:
        await fleet.leave()


def _tell(words: str) -> None:
    click.echo(words, err=True)
