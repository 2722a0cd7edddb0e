"""A store that was set back tells another history under the same numbers: all end on one and lose no living broker."""

import shutil
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api, Beating
from tests.support.eventually import eventually
from tests.support.flicker import Flicker
from tests.support.store_process import StoreProcess
from tests.support.tcp_proxy import TcpProxy

LEASE_MS = 60_000


async def test_nodes_find_a_fork_by_its_tags_and_put_back_what_it_lacks(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    nodes = [Api(http, (await node_factory(store.url)).http_address) for _ in range(2)]
    await nodes[0].register("before", leaseMs=LEASE_MS)
    copy = await _saved(store)

    await nodes[1].register("after", leaseMs=LEASE_MS, topics={"After": {}})
    await nodes[0].call("PUT", "/v1/kv/ns/after", {"value": "1"})
    seen = max([(await node.get("/v1/topics?consistency=strong")).revision for node in nodes])
    store.kill9()

    # Elsewhere the older copy goes its own way, past the numbers that our nodes have seen.
    other = own_store()
    other.kill9()
    shutil.copy(copy, other.folder / "dump.rdb")
    other.start()
    stranger_node = await node_factory(other.url)
    stranger = Api(http, stranger_node.http_address)
    await stranger.register("stranger", leaseMs=LEASE_MS, topics={"Strange": {}})
    for i in range(5):
        await stranger.call("PUT", "/v1/kv/ns/stranger", {"value": str(i)})
    assert (await stranger.get("/v1/topics")).revision > seen
    shutil.copy(await _saved(other), store.folder / "dump.rdb")
    await stranger_node.stop()
    store.start()

    async def one_history() -> bool:
        replies = [await node.get("/v1/brokers") for node in nodes]
        names = {item["brokerName"]: item["state"] for item in replies[0].json["items"]}
        alike = len({(reply.body, reply.revision) for reply in replies}) == 1
        return alike and names == {"before": "online", "after": "online", "stranger": "online"}

    await eventually(one_history, within_s=15)
    for node in nodes:
        assert (await node.get("/v1/topics?consistency=strong")).json["items"] == ["After", "Strange", "TopicA"]
        assert (await node.get("/v1/kv/ns/after")).json["value"] == "1"
        assert (await node.get("/v1/kv/ns/stranger")).json["value"] == "4"
        assert await node.brokers_of("After") == ["after"]
        metrics = (await node.get("/metrics")).body.decode()
        assert 'nsredis_reloads_total{why="forked"}' in metrics


async def test_nobody_is_judged_by_the_clock_of_another_history(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    nodes = [Api(http, (await node_factory(store.url)).http_address) for _ in range(2)]
    async with Beating(nodes, ["a", "b"], 1.0, leaseMs=3000) as beating:
        copy = await _saved(store)
        await nodes[0].call("PUT", "/v1/kv/ns/after", {"value": "1"})
        other = own_store()
        other.kill9()
        shutil.copy(copy, other.folder / "dump.rdb")
        other.start()
        async with Redis.from_url(other.url) as client:
            # There the brokers were not heard for long, nodes swept until a moment ago, and others wrote more.
            stranger_node = await node_factory(other.url)
            stranger = Api(http, stranger_node.http_address)
            for i in range(5):
                await stranger.call("PUT", "/v1/kv/ns/stranger", {"value": str(i)})
            await stranger_node.stop()
            (leases,) = [key async for key in client.scan_iter("nsr:*:leases")]
            prefix = leases.decode().removesuffix("leases")
            for times in (leases, f"{prefix}nodes"):
                members: list[bytes] = await client.zrange(times, 0, -1)  # type: ignore[assignment]
                await client.zadd(times, {member.decode(): 1 for member in members})
            store.kill9()
            now_ms = int((await client.time())[0]) * 1000
            await client.hset(f"{prefix}sweep", mapping={"at": now_ms, "graceFrom": "", "pauseFrom": ""})
        saved = await _saved(other)
        shutil.copy(saved, store.folder / "dump.rdb")
        async with Flicker(nodes, "TopicA", {"a", "b"}) as flicker:
            store.start()

            async def one_history() -> bool:
                replies = [await node.get("/v1/kv/ns") for node in nodes]
                keys = [{item["key"] for item in reply.json["items"]} for reply in replies]
                return keys == [{"after", "stranger"}] * 2

            await eventually(one_history, within_s=15)
            beats = beating.registered_again
            await eventually(lambda: flicker.looks > 100, within_s=30)
        assert flicker.missing == {}
        assert beating.registered_again == beats == 0
        assert await nodes[0].states() == {"a/0": "online", "b/0": "online"}


async def test_a_node_that_had_heard_less_puts_back_first_and_one_that_had_heard_more_has_the_last_word(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    async with TcpProxy(("127.0.0.1", store.port)) as one_way, TcpProxy(("127.0.0.1", store.port)) as other_way:
        knows, lags = [
            Api(http, (await node_factory(f"redis://127.0.0.1:{way.port}/0")).http_address)
            for way in (one_way, other_way)
        ]
        await knows.register("a", instance="i", leaseMs=LEASE_MS, topics={"T": {"readQueueNums": 1}})
        await eventually(lambda: lags.brokers_of("T"))
        other_way.black_hole()
        await knows.register("a", instance="i", leaseMs=LEASE_MS, topics={"T": {"readQueueNums": 2}})
        one_way.black_hole()
        async with Redis.from_url(store.url) as client:
            await client.flushall()
            other_way.heal()
            await eventually(lambda: client.keys("nsr:*:table:a"), within_s=15, what="the one that lags put it back")
        one_way.heal()

        async def last_word() -> bool:
            replies = [await node.get("/v1/routes/T?consistency=strong") for node in (knows, lags)]
            return [reply.json["queueDatas"][0]["readQueueNums"] for reply in replies if reply.status == 200] == [2, 2]

        await eventually(last_word, within_s=15)


async def test_a_node_without_a_view_leaves_an_empty_store_to_those_that_have_one(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    knows = Api(http, (await node_factory(store.url)).http_address)
    registered = await knows.register("a", leaseMs=LEASE_MS)
    async with Redis.from_url(store.url) as client:
        await client.flushall()
    newcomer = await node_factory(store.url, wait=False, settle_ms=600_000)
    late = Api(http, newcomer.http_address)

    async def has_it() -> bool:
        return (await late.get("/v1/brokers/c/a/0")).status == 200

    await eventually(has_it, within_s=10)
    broker = (await late.get("/v1/brokers/c/a/0")).json
    assert (broker["state"], broker["epoch"]) == ("online", registered.json["epoch"])
    assert broker["revision"] > registered.json["revision"]


async def test_an_empty_store_is_opened_only_after_the_settling_time(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    node = Api(http, (await node_factory(own_store().url, wait=False, settle_ms=600_000)).http_address)

    async def waits() -> bool:
        return "opening the namespace" in (await node.get("/readyz")).json["detail"]

    await eventually(waits)
    for reply in (await node.get("/readyz"), await node.route("TopicA"), await node.register("a")):
        assert reply.status == 503
        assert reply.json["code"] == "not-ready"
        assert int(reply.headers["Retry-After"]) >= 1


async def test_with_no_node_alive_for_longer_than_a_lease_brokers_get_a_whole_one_to_beat_again(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    first = await node_factory(store.url)
    api = Api(http, first.http_address)
    for name in ("lives", "dead"):
        assert (await api.register(name, leaseMs=1000)).status == 201
    await first.stop()
    async with Redis.from_url(store.url) as client:

        async def lapsed() -> bool:
            return not [key async for key in client.scan_iter("nsr:*:lease:*")]

        await eventually(lapsed)
        stopped = int((await client.time())[0])

        async def long_gap() -> bool:
            return int((await client.time())[0]) - stopped >= 3

        await eventually(long_gap, within_s=10)
    node = Api(http, (await node_factory(store.url)).http_address)
    assert await node.states() == {"lives/0": "online", "dead/0": "online"}
    assert await node.brokers_of("TopicA") == ["dead", "lives"]

    async def only_the_dead_one_goes() -> bool:
        assert (await node.beat("lives")).status == 204
        return await node.states() == {"lives/0": "online", "dead/0": "offline"}

    await eventually(only_the_dead_one_goes, within_s=10, every_s=0.1)
    dead = (await node.get("/v1/brokers/c/dead/0")).json
    assert dead["offlineAtMs"] - dead["lastBeatMs"] >= 3000


async def _saved(store: StoreProcess) -> Path:
    """A copy of what the store holds now."""
    async with Redis.from_url(store.url) as client:
        await client.save()
    copy = store.folder / "copy.rdb"
    shutil.copy(store.folder / "dump.rdb", copy)
    (store.folder / "dump.rdb").unlink()
    return copy
