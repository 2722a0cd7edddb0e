"""Every node gives the same answers; a broker that stops beating leaves all of them in time."""

import asyncio
from functools import partial

import aiohttp

from tests.conftest import NodeFactory, OwnStore
from tests.scenarios.conftest import TwoProcesses
from tests.support.api import Api, Beating
from tests.support.eventually import eventually
from tests.support.flicker import Flicker
from tests.support.store_process import StoreProcess


async def test_fifty_brokers_through_alternating_nodes_give_the_same_bytes(two: tuple[Api, Api]) -> None:
    topics = [f"Topic{i}" for i in range(100)]
    table = {topic: {"readQueueNums": i % 16 + 1} for i, topic in enumerate(topics)}
    replies = await asyncio.gather(
        *(
            two[i % 2].register(f"broker-{i:02}", address=f"10.0.{i}.1:10911", topics=table, cluster=f"c{i % 3}")
            for i in range(50)
        )
    )
    assert {reply.status for reply in replies} == {201}
    revision = max(reply.json["revision"] for reply in replies)
    paths = [f"/v1/routes/{topic}" for topic in topics] + ["/v1/clusters", "/v1/topics", "/v1/brokers"]
    for path in paths:
        one, other = [await node.get(f"{path}?minRevision={revision}") for node in two]
        assert one.status == other.status == 200
        assert one.body == other.body
        assert one.etag == other.etag
    route = (await two[0].route("Topic7")).json
    assert [data["brokerName"] for data in route["brokerDatas"]] == [f"broker-{i:02}" for i in range(50)]


async def test_a_node_that_followed_a_changed_table_shows_the_brokers_as_one_that_reads_all(
    two: tuple[Api, Api], node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    registered = [await two[0].register("a", instance="i", topics={"T": {"readQueueNums": n}}) for n in (1, 2)]
    assert registered[0].json["revision"] < registered[1].json["revision"]
    again = await two[0].register("a", instance="i", topics={"T": {"readQueueNums": 2}})
    assert again.json["revision"] == registered[1].json["revision"]
    late = Api(http, (await node_factory(store_server.url, node_id="three")).http_address)
    replies = [await node.get("/v1/brokers?consistency=strong") for node in (*two, late)]
    assert len({(reply.revision, reply.body) for reply in replies}) == 1
    assert replies[0].json["items"][0]["revision"] == registered[0].json["revision"]


async def test_a_broker_that_stops_beating_is_gone_in_time_and_no_other_flickers(
    two_processes: TwoProcesses, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    first, second = await two_processes(store_server.url)
    await _one_of_fifty_stops((Api(http, first.http), Api(http, second.http)))


async def test_the_same_without_notifications(
    two_processes: TwoProcesses, own_store: OwnStore, http: aiohttp.ClientSession
) -> None:
    store = own_store(config={"rename-command": "CONFIG ''"})
    first, second = await two_processes(store.url)
    await eventually(lambda: "found by sweeping alone" in first.output)
    await _one_of_fifty_stops((Api(http, first.http), Api(http, second.http)))


async def _one_of_fifty_stops(two: tuple[Api, Api]) -> None:
    names = [f"broker-{i:02}" for i in range(50)]
    async with Beating(list(two), names, every_s=0.4, leaseMs=2000) as beating:
        for node in two:
            await eventually(partial(_serving, node, names))
        async with Flicker(two, "TopicA", always=set(names[1:])) as flicker:
            beating.silence(names[0])
            for node in two:
                await eventually(partial(_serving, node, names[1:]), within_s=10)
            await eventually(lambda: _offline(two[1], f"{names[0]}/0"))
        assert flicker.looks > 10
        assert flicker.missing == {}
        gone = (await two[0].get(f"/v1/brokers/c/{names[0]}/0")).json
        assert gone["state"] == "offline"
        assert gone["reason"] == "expired"
        # Both times are of Redis' clock: the last beat that it heard, and the eviction.
        assert 2000 <= gone["offlineAtMs"] - gone["lastBeatMs"] <= 2500 + flicker.stalled_ms
    assert beating.registered_again == 0


async def _serving(node: Api, names: list[str]) -> bool:
    return await node.brokers_of("TopicA") == names


async def _offline(node: Api, broker: str) -> bool:
    return (await node.states())[broker] == "offline"
