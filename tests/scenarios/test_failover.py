"""The primary dies, hangs or loses what it acknowledged: routes are served throughout, and all goes on by itself."""

import logging
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from nsredis.registry.server_binary import ServerBinary
from tests.conftest import NodeFactory
from tests.support.api import Api, Beating
from tests.support.cluster_store import ClusterStore, ask
from tests.support.eventually import eventually
from tests.support.flicker import Flicker, within
from tests.support.sentinel_group import SentinelGroup
from tests.support.store_process import StoreProcess

NAMES = [f"broker-{i}" for i in range(6)]
LEASE_MS = 4000
log = logging.getLogger(__name__)

GOAL_S = 5.0
"""From the death of a primary to routes that change again, when Sentinels call it dead after a second."""


class Fleet:
    """Two nodes, brokers that beat through both, and somebody who looks all the time."""

    def __init__(self, nodes: list[Api], beating: Beating, flicker: Flicker) -> None:
        self.nodes = nodes
        self.beating = beating
        self.flicker = flicker

    async def converged(self, topic: str) -> float:
        """Register a broker of a new topic as soon as that goes, wait until all nodes route it; the seconds it took."""
        started = time.monotonic()

        async def written() -> bool:
            return (await self.nodes[0].register(f"new-{topic}", topics={topic: {}}, leaseMs=60_000)).status == 201

        await eventually(written, 20, what="a write is acknowledged")
        written_s = time.monotonic() - started

        async def routed() -> bool:
            return all([await node.brokers_of(topic) == [f"new-{topic}"] for node in self.nodes])

        await eventually(routed, 20, what="all nodes have the route")
        took_s = time.monotonic() - started
        log.info("a write was acknowledged after %.2f s, all nodes had the route after %.2f s", written_s, took_s)
        return took_s

    async def assert_nobody_was_lost(self) -> None:
        assert self.flicker.missing == {}
        assert self.flicker.looks > 10
        assert self.beating.registered_again == 0
        for node in self.nodes:
            states = await node.states()
            assert [states[f"{name}/0"] for name in NAMES] == ["online"] * len(NAMES)
            metrics = (await node.get("/metrics")).body.decode()
            assert re.findall(r'^nsredis_removals_total\{reason="expired"\} (\S+)$', metrics, re.MULTILINE) == ["0.0"]


@asynccontextmanager
async def fleet(url: str, node_factory: NodeFactory, http: aiohttp.ClientSession) -> AsyncIterator[Fleet]:
    nodes = [Api(http, (await node_factory(url)).http_address) for _ in range(2)]
    async with Beating(nodes, NAMES, every_s=0.2, leaseMs=LEASE_MS) as beating:
        for node in nodes:
            await eventually(partial(_all_served, node))
        async with Flicker(nodes, "TopicA", always=set(NAMES)) as flicker:
            yield Fleet(nodes, beating, flicker)


async def _all_served(node: Api) -> bool:
    return await node.brokers_of("TopicA") == NAMES


async def metric(node: Api, name: str) -> float:
    text = (await node.get("/metrics")).body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE))


async def heard_of_expiry(fleet: Fleet, store: StoreProcess) -> None:
    """Wait until every node listens to the expiries on this server."""

    async def listen() -> bool:
        clients: bytes = await ask(store, "CLIENT", "LIST", "TYPE", "pubsub")
        return clients.count(b"lib-ver") == len(fleet.nodes) or clients.count(b"psub=1") == len(fleet.nodes)

    await eventually(listen, 10, what="every node listens to the new primary")


async def test_sentinels_promote_a_replica_and_all_goes_on(
    server_binary: ServerBinary, tmp_path: Path, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    async with SentinelGroup(tmp_path, server_binary) as group, fleet(group.url, node_factory, http) as running:
        assert (await running.nodes[0].call("PUT", "/v1/kv/ns/key", {"value": "kept"})).status == 201
        await running.converged("Before")
        group.primary.kill9()
        assert await running.converged("After") < GOAL_S
        await running.assert_nobody_was_lost()
        for node in running.nodes:
            assert (await node.get("/v1/kv/ns/key?consistency=strong")).json["value"] == "kept"
            assert await metric(node, "nsredis_store_moves_total") == 1
            assert (await node.get("/readyz")).status == 200
        await heard_of_expiry(running, group.stores[1])


async def test_a_hung_primary_is_left_and_not_gone_back_to(
    server_binary: ServerBinary, tmp_path: Path, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    async with SentinelGroup(tmp_path, server_binary) as group, fleet(group.url, node_factory, http) as running:
        group.primary.pause()
        assert await running.converged("After") < GOAL_S
        group.primary.resume()  # it thinks that it is the primary until Sentinels tell it, seconds from now
        await running.converged("Later")
        assert await ask(group.primary, "KEYS", "*broker:new-Later*") == []
        await running.assert_nobody_was_lost()
        await heard_of_expiry(running, group.stores[1])


async def test_what_a_failover_loses_is_put_back(
    server_binary: ServerBinary, tmp_path: Path, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    async with SentinelGroup(tmp_path, server_binary) as group, fleet(group.url, node_factory, http) as running:
        one = running.nodes[0]
        await group.cut_replication()
        assert (await one.call("PUT", "/v1/kv/ns/key", {"value": "acknowledged"})).status == 201
        assert (await one.register("late", topics={"Late": {}}, leaseMs=60_000)).status == 201
        for node in running.nodes:
            await eventually(partial(node.brokers_of, "Late"))
        group.primary.kill9()
        await running.converged("After")
        await running.assert_nobody_was_lost()

        async def restored() -> bool:
            kinds = {event["kind"] for event in (await one.get("/v1/events")).json["items"]}
            return (
                "restore" in kinds and sum([await metric(n, "nsredis_restored_rows_total") for n in running.nodes]) > 0
            )

        await eventually(restored, 10)
        for node in running.nodes:
            assert await node.brokers_of("Late") == ["late"]
            assert (await node.get("/v1/kv/ns/key?consistency=strong")).json["value"] == "acknowledged"
            assert await metric(node, "nsredis_reloads_total") > 1


async def test_a_cluster_promotes_a_replica_and_all_goes_on(
    server_binary: ServerBinary,
    tmp_path: Path,
    namespace: str,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    async with ClusterStore(tmp_path, server_binary) as cluster, fleet(cluster.url, node_factory, http) as running:
        await running.converged("Before")
        owner = await cluster.owner(f"{{{namespace}}}")
        owner.kill9()
        assert await running.converged("After") < GOAL_S
        await running.assert_nobody_was_lost()
        for node in running.nodes:
            assert await metric(node, "nsredis_store_moves_total") == 1
        await heard_of_expiry(
            running, await cluster.owner(f"{{{namespace}}}", [s for s in cluster.stores if s is not owner])
        )


async def test_a_slot_that_moves_to_another_primary_is_followed(
    server_binary: ServerBinary,
    tmp_path: Path,
    namespace: str,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
) -> None:
    """The old owner lives on, so no connection breaks: also not the one on which nothing would be heard any more."""
    async with (
        ClusterStore(tmp_path, server_binary, replicas=0, config={"notify-keyspace-events": ""}) as cluster,
        fleet(cluster.url, node_factory, http) as running,
    ):
        old = await cluster.owner(f"{{{namespace}}}")
        new = next(store for store in cluster.stores if store is not old)
        await cluster.move(f"{{{namespace}}}", old, new)
        took = await running.converged("After")
        assert took < GOAL_S
        await running.assert_nobody_was_lost()
        await heard_of_expiry(running, new)
        _, flags = await ask(new, "CONFIG", "GET", "notify-keyspace-events")
        assert set(flags.decode()) == {"K", "x"}  # which the nodes have set there too
        assert [(await node.get("/v1/topics?consistency=strong")).status for node in running.nodes] == [200, 200]


@pytest.mark.parametrize("url", ["redis+sentinel://127.0.0.1:1/mymaster", "redis+cluster://127.0.0.1:1"])
async def test_a_node_that_finds_no_primary_starts_and_says_why(
    url: str, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    node = Api(http, (await node_factory(url, wait=False)).http_address)

    async def told() -> bool:
        reply = await node.get("/readyz")
        assert reply.status == 503
        return b"no Sentinel tells" in reply.body or b"no member of the cluster tells" in reply.body

    await eventually(told)
    async with within(2):
        assert (await node.register("b")).status == 503
