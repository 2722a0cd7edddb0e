"""A node that alone is cut off from the store turns unready; when all are, all stay ready and serve."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.core.queues import QueueData
from nsredis.node import Node
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.remoting import RemotingClient
from tests.support.store_process import StoreProcess
from tests.support.tcp_proxy import TcpProxy

CUT_OFF = "this node is cut off from the store while its peers reach it"
LONG_ENOUGH_S = 6.0
"""Three times the time after which a node that is cut off alone is unready."""


class Placed:
    """A node with a way of its own to the store."""

    def __init__(self, node: Node, api: Api, way: TcpProxy) -> None:
        self.node = node
        self.api = api
        self.way = way

    async def ready(self) -> bool:
        return (await self.api.get("/readyz")).status == 200

    async def unready(self) -> bool:
        reply = await self.api.get("/readyz")
        return reply.status == 503 and CUT_OFF in reply.json["detail"]

    async def gauge(self) -> bytes:
        return (await self.api.get("/metrics")).body

    async def cut_offs(self) -> int:
        """How often it found that it is cut off alone."""
        found = re.search(rb"^nsredis_cut_offs_total (\d+)", await self.gauge(), re.MULTILINE)
        assert found is not None
        return int(found[1])


@pytest.fixture
def store(own_store: OwnStore) -> StoreProcess:
    return own_store()


@pytest.fixture
async def placed(
    store: StoreProcess, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> AsyncIterator[list[Placed]]:
    """Three nodes that know each other, with a topic to serve."""
    async with AsyncExitStack() as ways:
        nodes = []
        for number in range(3):
            way = await ways.enter_async_context(TcpProxy(("127.0.0.1", store.port)))
            node = await node_factory(f"redis://127.0.0.1:{way.port}/0", node_id=f"node-{number}")
            nodes.append(Placed(node, Api(http, node.http_address), way))
        assert (await nodes[0].api.register("a", leaseMs=600_000)).status == 201
        for one in nodes:
            await eventually(partial(_knows_all, one.api))
        yield nodes
        for one in nodes:
            one.way.heal()


async def _knows_all(api: Api) -> bool:
    nodes = (await api.get("/v1/nodes")).json["items"]
    return len(nodes) == 3 and await api.brokers_of("TopicA") == ["a"]


async def _lost(peer: Placed, node_id: str) -> bool:
    """A peer tells of a node that it fell silent."""
    found = (await peer.api.get("/v1/nodes")).json
    shown = b'nsredis_nodes{state="lost"} 1.0' in await peer.gauge()
    return shown and [node["id"] for node in found["lost"]] == [node_id] and len(found["items"]) == 2


async def _stay_ready(nodes: list[Placed]) -> None:
    """They are ready all the time, and serve."""
    ends = asyncio.get_running_loop().time() + LONG_ENOUGH_S
    while asyncio.get_running_loop().time() < ends:
        for one in nodes:
            assert await one.ready()
            assert await one.api.brokers_of("TopicA") == ["a"]
        await asyncio.sleep(0.05)
    assert [await one.cut_offs() for one in nodes] == [0] * len(nodes)


@pytest.mark.parametrize("how", ["black hole", "shut"])
async def test_a_node_cut_off_alone_is_unready_until_its_writes_work_again(placed: list[Placed], how: str) -> None:
    alone, *others = placed
    port = alone.way.port
    broker = await RemotingClient.connect(alone.node.remoting_address)
    assert (await broker.register("r", topics={"T1": QueueData(), "T2": QueueData()})).code == 0
    other = await RemotingClient.connect(alone.node.remoting_address)
    if how == "shut":
        await alone.way.shut()
    else:
        alone.way.black_hole()
    await eventually(alone.unready, within_s=15)
    assert b"nsredis_cut_off 1.0" in await alone.gauge()
    assert await alone.cut_offs() == 1
    await eventually(lambda: broker.closed, what="the broker is sent to another node")
    assert not other.closed
    for peer in others:
        await eventually(partial(_lost, peer, "node-0"), within_s=15)
    assert await alone.api.brokers_of("TopicA") == ["a"]  # whoever still asks is answered
    reply = await alone.api.beat("a")
    assert (reply.status, "Retry-After" in reply.headers) == (503, True)
    for peer in others:
        assert await peer.ready()
        assert b"nsredis_cut_off 0.0" in await peer.gauge()
    if how == "shut":
        await alone.way.__aenter__()
        assert alone.way.port == port
    else:
        alone.way.heal()
    await eventually(alone.ready, within_s=15)
    assert await alone.cut_offs() == 1
    assert b"nsredis_cut_off 0.0" in await alone.gauge()
    for one in placed:
        await eventually(partial(_knows_all, one.api))
        assert (await one.api.get("/v1/nodes")).json["lost"] == []
    kinds = {item["kind"] for item in (await others[0].api.get("/v1/events")).json["items"]}
    assert "suspect" not in kinds  # its connection was closed by the node
    for client in (broker, other):
        await client.close()


async def test_when_all_are_cut_off_all_stay_ready_and_serve(placed: list[Placed]) -> None:
    for one in placed:
        one.way.black_hole()
    await _stay_ready(placed)


async def test_when_the_store_is_away_all_stay_ready_and_serve(placed: list[Placed], store: StoreProcess) -> None:
    store.kill9()
    await _stay_ready(placed)


async def test_a_store_that_takes_no_writes_from_anybody_cuts_off_nobody(
    placed: list[Placed], store: StoreProcess
) -> None:
    """Reads go on: every node follows, and none is better than another."""
    async with Redis.from_url(store.url) as client:
        await client.config_set("maxmemory", 1)
        assert (await placed[0].api.register("b")).status == 503
        await _stay_ready(placed)
        await client.config_set("maxmemory", 0)
    assert (await placed[0].api.register("b")).status == 201


async def test_one_that_was_unready_alone_is_ready_again_when_the_others_lose_the_store_too(
    placed: list[Placed], store: StoreProcess
) -> None:
    placed[0].way.black_hole()
    await eventually(placed[0].unready, within_s=15)
    store.kill9()

    async def all_ready() -> bool:
        return all([await one.ready() for one in placed])

    await eventually(all_ready, within_s=15)
    for one in placed:
        assert await one.api.brokers_of("TopicA") == ["a"]


async def test_a_node_without_peers_stays_ready(
    store: StoreProcess, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    async with TcpProxy(("127.0.0.1", store.port)) as way:
        node = await node_factory(f"redis://127.0.0.1:{way.port}/0")
        only = Placed(node, Api(http, node.http_address), way)
        assert (await only.api.register("a", leaseMs=600_000)).status == 201
        way.black_hole()
        await _stay_ready([only])
        way.heal()
