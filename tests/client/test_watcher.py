"""Following changes of a real node."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from nsredis.client.errors import ApiProblem, ServerUnreachable
from nsredis.client.http_client import ApiClient
from nsredis.client.watcher import Watcher, WatchEvent
from nsredis.wire.api_types import QueueDataBody, RegisterBody
from tests.conftest import NodeFactory
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess

if TYPE_CHECKING:
    from nsredis.node import Node

BODY = RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics={"TopicA": QueueDataBody()})


@pytest.fixture
async def node(node_factory: NodeFactory, store_server: StoreProcess) -> "Node":
    return await node_factory(store_server.url)


def _events(watcher: Watcher) -> AsyncGenerator[WatchEvent, None]:
    return aiter(watcher)


async def _next(events: AsyncGenerator[WatchEvent, None]) -> WatchEvent:
    return await asyncio.wait_for(anext(events), 10)


async def test_a_topic_is_told_at_once_and_at_each_change(node: "Node") -> None:
    async with ApiClient(node.http_address) as client, aclosing(_events(Watcher(client, ["TopicA", "%x"]))) as events:
        absent = [await _next(events), await _next(events)]
        assert {event.subject: event.data["reason"] for event in absent} == {
            "topic:TopicA": "unknown-topic",
            "topic:%x": "unknown-topic",
        }
        revision = (await client.register("c", "a", 0, BODY)).value.revision
        appeared = await _next(events)
        assert appeared.kind == "route"
        assert appeared.revision >= revision
        assert appeared.data["route"]["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.1:10911"}
        await client.unregister("c", "a", 0)
        assert (await _next(events)).data["route"] is None


async def test_all_brokers_are_told(node: "Node") -> None:
    async with ApiClient(node.http_address) as client:
        await client.register("c", "a", 0, BODY)
        async with aclosing(_events(Watcher(client))) as events:
            online = await _next(events)
            assert (online.kind, online.subject, online.data["state"]) == ("broker", "broker:a/0", "online")
            await client.unregister("c", "a", 0)
            assert (await _next(events)).data["state"] == "offline"


async def test_it_connects_again_and_loses_and_repeats_nothing(
    node_factory: NodeFactory, store_server: StoreProcess
) -> None:
    address = f"127.0.0.1:{free_port()}"
    node, other = await node_factory(store_server.url, http=address), await node_factory(store_server.url)
    told: list[str] = []
    async with (
        ApiClient(address) as client,
        ApiClient(other.http_address) as elsewhere,
        aclosing(_events(Watcher(client, ["TopicA", "TopicB"], tell=told.append))) as events,
    ):
        assert {(await _next(events)).subject, (await _next(events)).subject} == {"topic:TopicA", "topic:TopicB"}
        waiting = asyncio.create_task(anext(events))
        await node.stop()
        await eventually(lambda: any("connecting again" in words for words in told))
        await elsewhere.register("c", "b", 0, RegisterBody("10.0.0.2:10911", topics={"TopicB": QueueDataBody()}))
        await node_factory(store_server.url, http=address)
        event = await asyncio.wait_for(waiting, 15)
        assert event.data["topic"] == "TopicB"  # TopicA, which is as it was, is not told again
        assert event.data["route"] is not None
        await eventually(lambda: any(words.startswith("connected") for words in told))


async def test_a_refusal_is_raised(node: "Node") -> None:
    topics = [f"t{number}" for number in range(1001)]
    async with ApiClient(node.http_address) as client, aclosing(_events(Watcher(client, topics))) as events:
        with pytest.raises(ApiProblem):
            await _next(events)


async def test_the_first_connection_need_not_be_waited_for() -> None:
    address = f"127.0.0.1:{free_port()}"
    async with ApiClient(address) as client, aclosing(_events(Watcher(client, patient=False))) as events:
        with pytest.raises(ServerUnreachable):
            await _next(events)
