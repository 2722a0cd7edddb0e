"""Trouble of the store is not the death of brokers: routes stay, nobody is judged for it, what was lost comes back."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api, Beating
from tests.support.eventually import eventually
from tests.support.flicker import Flicker
from tests.support.store_process import StoreProcess

NAMES = [f"broker-{i}" for i in range(6)]
LEASE_MS = 1000
AWAY_S = 3.0
"""Longer than every lease, and than what counts as a gap."""

Trouble = Callable[[StoreProcess], Awaitable[None]]


async def kill_9(store: StoreProcess) -> None:
    store.kill9()
    await asyncio.sleep(AWAY_S)
    store.start()


async def frozen(store: StoreProcess) -> None:
    store.pause()
    await asyncio.sleep(AWAY_S)
    store.resume()


async def restarted(store: StoreProcess) -> None:
    store.stop()
    await asyncio.sleep(AWAY_S)
    store.start()


async def restarted_empty(store: StoreProcess) -> None:
    store.stop()
    shutil.rmtree(store.folder / "appendonlydir")
    await asyncio.sleep(AWAY_S)
    store.start()


async def flushed(store: StoreProcess) -> None:
    async with Redis.from_url(store.url) as client:
        await client.flushall()


TROUBLES: list[Trouble] = [kill_9, frozen, restarted, restarted_empty, flushed]


class Fleet:
    """Two nodes, brokers that beat through both, and somebody who looks all the time."""

    def __init__(self, nodes: tuple[Api, Api], beating: Beating, flicker: Flicker) -> None:
        self.nodes = nodes
        self.beating = beating
        self.flicker = flicker


@asynccontextmanager
async def fleet(store: StoreProcess, node_factory: NodeFactory, http: aiohttp.ClientSession) -> AsyncIterator[Fleet]:
    started = [await node_factory(store.url) for _ in range(2)]
    nodes = (Api(http, started[0].http_address), Api(http, started[1].http_address))
    async with Beating(list(nodes), NAMES, every_s=0.2, leaseMs=LEASE_MS) as beating:
        for node in nodes:
            await eventually(partial(_all_served, node))
        async with Flicker(nodes, "TopicA", always=set(NAMES)) as flicker:
            yield Fleet(nodes, beating, flicker)


async def _all_served(node: Api) -> bool:
    return await node.brokers_of("TopicA") == NAMES


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_no_living_broker_is_removed_and_nodes_are_equal_afterwards(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession, trouble: Trouble
) -> None:
    store = own_store(durable=True)
    async with fleet(store, node_factory, http) as running:
        one, other = running.nodes
        assert (await one.call("PUT", "/v1/kv/ns/key", {"value": "kept"})).status == 201
        assert (await other.call("PUT", f"/v1/brokers/c/{NAMES[0]}/override", {"perm": 4})).status == 200
        assert (await one.register("gone")).status == 201
        assert (await one.call("DELETE", "/v1/brokers/c/gone/0")).status == 204
        before = await one.get("/v1/routes/TopicA?consistency=strong")
        epochs = {item["brokerName"]: item["epoch"] for item in (await one.get("/v1/brokers/c")).json["items"]}

        async with asyncio.TaskGroup() as watching:
            watched = watching.create_task(_always_ready(running.nodes))
            await trouble(store)
            await eventually(lambda: _settled(running), within_s=20)
            watched.cancel()

        assert running.flicker.missing == {}
        assert running.flicker.looks > 50
        for node in running.nodes:
            after = await node.get("/v1/routes/TopicA?consistency=strong")
            assert (after.body, after.etag) == (before.body, before.etag)
            assert after.revision >= before.revision
            assert (await node.get("/v1/kv/ns/key")).json["value"] == "kept"
            present = (await node.get("/v1/brokers/c")).json["items"]
            assert {item["brokerName"]: item["epoch"] for item in present} == epochs
        assert running.beating.registered_again == 0


async def _settled(running: Fleet) -> bool:
    one, other = [await node.get("/v1/brokers") for node in running.nodes]
    states = await running.nodes[0].states()
    fresh = all(reply.headers["Nsredis-Stale-Ms"] == "0" for reply in (one, other))
    return (
        fresh
        and one.body == other.body
        and states == {f"{name}/0": "online" for name in NAMES} | {"gone/0": "offline"}
        and {(await node.get("/v1/topics?consistency=strong")).status for node in running.nodes} == {200}
    )


async def _always_ready(nodes: tuple[Api, Api]) -> None:
    """Readiness does not depend on the store while there is a view."""
    while True:
        for node in nodes:
            assert (await node.get("/readyz")).status == 200
        await asyncio.sleep(0.05)
