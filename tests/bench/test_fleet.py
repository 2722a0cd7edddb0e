"""Many simulated brokers."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from nsredis.bench.fleet import Fleet, simulated_brokers
from nsredis.client.errors import ApiProblem, ServerUnreachable
from nsredis.client.http_client import ApiClient
from nsredis.core.names import check_address, check_name, check_topic
from nsredis.wire.api_types import RegisterBody
from tests.conftest import NodeFactory, OwnStore
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess


@given(st.integers(1, 300), st.integers(1, 300))
def test_topics_are_spread_over_all_brokers(count: int, topics: int) -> None:
    brokers = simulated_brokers(count, topics, "c")
    assert len({broker.name for broker in brokers}) == len({broker.address for broker in brokers}) == count
    served = Counter(topic for broker in brokers for topic in broker.topics)
    assert len(served) == topics
    assert min(served.values()) >= min(2, count)
    assert all(len(set(broker.topics)) == len(broker.topics) > 0 for broker in brokers)


def test_names_and_addresses_are_good_ones() -> None:
    for broker in simulated_brokers(1000, 10, "c"):
        check_name("name", broker.name)
        check_address("address", broker.address)
        for topic in broker.topics:
            check_topic("topic", topic)


async def test_they_outlive_a_store_that_is_away(node_factory: NodeFactory, own_store: OwnStore) -> None:
    store = own_store(durable=True)
    node = await node_factory(store.url)
    async with ApiClient(node.http_address, timeout_s=1.0) as client:
        fleet = Fleet(client, simulated_brokers(10, 5, "c"), 1000)
        await fleet.register_all()
        beating = asyncio.create_task(fleet.beat_on())
        await eventually(lambda: fleet.counts.beats >= 20)
        store.pause()
        await eventually(lambda: fleet.counts.failures > 2, 10)
        assert fleet.counts.last_failure
        store.resume()
        beats = fleet.counts.beats
        await eventually(lambda: fleet.counts.beats >= beats + 30, 15)
        assert {broker.state for broker in (await client.brokers("c")).value} == {"online"}
        beating.cancel()
        assert await fleet.leave() == 0
        assert {broker.state for broker in (await client.brokers("c")).value} == {"offline"}


async def test_a_refusal_and_a_missing_server_are_raised_as_they_are(
    node_factory: NodeFactory, store_server: StoreProcess
) -> None:
    async with ApiClient(f"127.0.0.1:{free_port()}") as client:
        with pytest.raises(ServerUnreachable):
            await Fleet(client, simulated_brokers(5, 5, "c"), 1000).register_all()
    node = await node_factory(store_server.url)
    async with ApiClient(node.http_address) as client:
        brokers = simulated_brokers(5, 5, "c")
        await client.register("other", brokers[3].name, 0, RegisterBody("10.0.0.9:10911", lease_ms=600_000))
        fleet = Fleet(client, brokers, 600_000)
        with pytest.raises(ApiProblem) as problem:
            await fleet.register_all()
        assert problem.value.code == "name-owned"
        assert await fleet.leave() == 0


async def test_a_store_that_went_back_to_older_epochs_is_no_other_process(
    node_factory: NodeFactory, store_server: StoreProcess, redis_client: Redis, namespace: str
) -> None:
    node = await node_factory(store_server.url)
    async with ApiClient(node.http_address) as client:
        fleet = Fleet(client, simulated_brokers(3, 3, "c"), 1000)
        await fleet.register_all()
        for broker in fleet.brokers:
            assert broker.epoch is not None
            await redis_client.hset(f"nsr:{{{namespace}}}:broker:{broker.name}/0", "epoch", str(broker.epoch - 1000))
        beating = asyncio.create_task(fleet.beat_on())
        await eventually(lambda: fleet.counts.forgotten == 3 and fleet.counts.beats >= 3)
        assert fleet.counts.taken == 0
        beating.cancel()
        assert await fleet.leave() == 0


async def test_leaving_takes_nothing_from_others(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    node = await node_factory(store_server.url)
    async with ApiClient(node.http_address) as client:
        ours, theirs = (Fleet(client, simulated_brokers(4, 4, "c"), 600_000) for _ in range(2))
        await ours.register_all()
        await theirs.register_all()
        assert await ours.leave() == 0
        assert {broker.state for broker in (await client.brokers("c")).value} == {"online"}
