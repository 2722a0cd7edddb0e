"""Connections flood a node, up to its limits and beyond: who is connected is served, and a place is free for others."""

import asyncio
import resource
from collections.abc import Iterator
from functools import partial

import aiohttp
import pytest

from nsredis.core.queues import QueueData
from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.flood import Flood
from tests.faults.load import LookupLoad
from tests.faults.memory import resident_mib
from tests.faults.metrics import metric
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.processes import open_files
from tests.support.remoting import RemotingClient

Sources = list[str]
REFUSED = "nsredis_remoting_connections_refused_total"


@pytest.fixture
def floods() -> Iterator[list[Flood]]:
    """Whatever rises here falls at the end."""
    rising: list[Flood] = []
    yield rising
    for flood in rising:
        flood.fall()


async def test_some_addresses_take_all_that_they_get(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, floods: list[Flood]
) -> None:
    """With a limit for each address there is room for others: a broker that comes now is registered."""
    nodes = await serve(own_store().url, 1, "--remoting-max-connections=600", "--remoting-max-per-address=100")
    api = Api(http, nodes[0].http)
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by([api])
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            few = Flood(nodes[0].remoting, [f"127.0.1.{n}" for n in range(1, 5)])
            floods.append(few)
            await few.rise(2000)
            await eventually(lambda: few.refused() == 1600, 10, what="each address has its share")
            newcomer = await RemotingClient.connect(nodes[0].remoting)
            assert (await newcomer.register("new", topics={"New1": QueueData(), "New2": QueueData()})).code == 0
            many = Flood(nodes[0].remoting, [f"127.0.2.{n}" for n in range(1, 101)])
            floods.append(many)
            await many.rise(3000)
            await eventually(partial(_connections, api, 600), 10)
            await load.steady()
            others = await metric(api, REFUSED)
            for flood in floods:
                flood.fall()
            began = asyncio.get_running_loop().time()
            await eventually(partial(_answers, nodes[0].remoting), 10, every_s=0.05)
            recovery_s = asyncio.get_running_loop().time() - began
            await newcomer.close()
        figures.note(
            row=17,
            fault="5,000 connections on a node that takes 600, and 100 of one address",
            promises=(4, 10),
            removed=[words for words in await brokers.removed([api]) if not words.startswith("new/")],
            recovery_s=recovery_s,
            extra={"refused": others, "failed to connect": few.failed + many.failed},
            **load.figures(),
        )
    assert load.share_right == 1, load.counts


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [8_000, 15_000])
async def test_thousands_of_connections(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, floods: list[Flood], count: int
) -> None:
    """The limits are those that the number of open files gives."""
    nodes = await serve(own_store().url)
    api, pid, loop = Api(http, nodes[0].http), nodes[0].process.pid, asyncio.get_running_loop()
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by([api])
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            files, before = open_files(pid), resident_mib(pid)
            flood = Flood(nodes[0].remoting, [f"127.0.3.{n}" for n in range(1, 51)])
            floods.append(flood)
            began = loop.time()
            await flood.rise(count)
            rise_s = loop.time() - began
            await asyncio.sleep(2)
            taken, after = await metric(api, "nsredis_remoting_connections "), resident_mib(pid)
            await load.steady()
            flood.fall()
            began = loop.time()
            await eventually(lambda: open_files(pid) <= files + 16, 60, every_s=0.05)
            await eventually(partial(_answers, nodes[0].remoting), 10, every_s=0.05)
            recovery_s = loop.time() - began
        figures.note(
            row=17,
            fault=f"{count:,} connections at once",
            promises=(4, 10),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            extra={
                "files that the node may have open": resource.prlimit(pid, resource.RLIMIT_NOFILE)[0],
                "connections that it held": taken,
                "refused": await metric(api, REFUSED),
                "failed to connect": flood.failed,
                "connections a second": count / rise_s,
                "kB for each": 1024 * (after - before) / taken,
                "MiB of the node": after,
            },
            **load.figures(),
        )
    assert load.share_right == 1, load.counts


async def _connections(api: Api, count: int) -> bool:
    return await metric(api, "nsredis_remoting_connections ") == count


async def _answers(address: str) -> bool:
    """Whether a client that comes now is served."""
    try:
        client = await RemotingClient.connect(address)
        try:
            return await client.route("Shared0") is not None
        finally:
            await client.close()
    except ConnectionError:
        return False
