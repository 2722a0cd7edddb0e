"""A node that does not follow the store knows less than others: what it is asked to change it changes, or says so."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from nsredis.node import Node
from nsredis.service import freshness
from nsredis.wire.codes import RequestCode
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.remoting import RemotingClient
from tests.support.store_process import StoreProcess

GROUP = {"brokerName": "a"}
QUEUES = b'{"queueDatas":[{"brokerName":"a","perm":6,"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}]}'

Ask = Callable[[Node, Api], Coroutine[Any, Any, bool]]
"""Asks a node for a change; whether it says that it made it."""


def over_remoting(code: int, ext: dict[str, str], body: bytes | None = None) -> Ask:
    async def ask(node: Node, _: Api) -> bool:
        client = await RemotingClient.connect(node.remoting_address)
        try:
            return (await client.call(code, ext, body)).code == 0
        finally:
            await client.close()

    return ask


def over_http(path: str) -> Ask:
    async def ask(_: Node, api: Api) -> bool:
        reply = await api.call("DELETE", path)
        assert reply.status in (204, 503), reply
        return reply.status == 204

    return ask


VERBS = {
    "DELETE": over_http("/v1/topics/TopicA"),
    "DELETE in a cluster": over_http("/v1/topics/TopicA?cluster=c"),
    "216": over_remoting(RequestCode.DELETE_TOPIC_IN_NAMESRV, {"topic": "TopicA"}),
    "205": over_remoting(RequestCode.WIPE_WRITE_PERM_OF_BROKER, GROUP),
    "327": over_remoting(RequestCode.ADD_WRITE_PERM_OF_BROKER, GROUP),
    "217": over_remoting(RequestCode.REGISTER_TOPIC_IN_NAMESRV, {"topic": "TopicB"}, QUEUES),
}


async def hold(node: Node) -> asyncio.Event:
    """Keep a node from following until the event is set."""
    go_on, stands = asyncio.Event(), asyncio.Event()
    assert node._nodes is not None
    feed = node._nodes._follower._feed
    look = feed.look

    async def held(after: int, tag: str) -> Any:
        stands.set()
        await go_on.wait()
        return await look(after, tag)

    feed.look = held  # type: ignore[method-assign]
    await stands.wait()
    return go_on


@pytest.fixture
async def pair(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> tuple[Node, Api, Api]:
    """A node to be held up, its API, and the API of another node."""
    late, other = await node_factory(store_server.url), await node_factory(store_server.url)
    return late, Api(http, late.http_address), Api(http, other.http_address)


@pytest.mark.parametrize("verb", VERBS)
async def test_a_verb_is_done_once_the_node_has_seen_what_there_is(pair: tuple[Node, Api, Api], verb: str) -> None:
    node, late, other = pair
    go_on = await hold(node)
    await other.register("a", topics={"TopicA": {}})
    if verb == "327":
        await other.call("PUT", "/v1/brokers/c/a/override", {"perm": 4})
    before = (await other.get("/v1/topics")).revision
    asking = asyncio.create_task(VERBS[verb](node, late))
    done, _ = await asyncio.wait({asking}, timeout=0.2)
    assert not done
    go_on.set()
    assert await asking
    assert (await other.get("/v1/topics?consistency=strong")).revision == before + 1


@pytest.mark.parametrize("verb", VERBS)
async def test_a_node_that_cannot_catch_up_says_so(
    pair: tuple[Node, Api, Api], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(freshness, "STRONG_S", 0.2)
    node, late, other = pair
    await hold(node)
    await other.register("a", topics={"TopicA": {}})
    before = (await other.get("/v1/topics")).revision
    assert not await VERBS[verb](node, late)
    assert (await other.get("/v1/topics?consistency=strong")).revision == before


@pytest.mark.parametrize("verb", VERBS)
async def test_without_the_store_nothing_is_said_to_be_done(
    node_factory: NodeFactory, own_store: OwnStore, http: aiohttp.ClientSession, verb: str
) -> None:
    store = own_store()
    node = await node_factory(store.url)
    api = Api(http, node.http_address)
    await api.register("b", topics={"TopicC": {}})
    store.pause()
    assert not await VERBS[verb](node, api)
    store.resume()
