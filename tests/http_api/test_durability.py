"""The setting `durability`: what operators write is answered with success once so many replicas have it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.registry import runner as module
from nsredis.registry.server_binary import ServerBinary
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api, Reply
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

Write = Callable[[Api], Awaitable[Reply]]

WRITES: dict[str, Write] = {
    "set a key": lambda api: api.call("PUT", "/v1/kv/ns/key", {"value": "v"}),
    "delete a key": lambda api: api.call("DELETE", "/v1/kv/ns/old"),
    "drain": lambda api: api.call("PUT", "/v1/brokers/c/b/override", {"perm": 4}),
    "lift": lambda api: api.call("DELETE", "/v1/brokers/c/b/override"),
    "delete a topic": lambda api: api.call("DELETE", "/v1/topics/TopicA"),
    "set a setting": lambda api: api.call("PATCH", "/v1/settings", {"enableTopicList": False}),
}


@pytest.fixture(scope="module")
def both(
    server_binary: ServerBinary, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[StoreProcess, StoreProcess]]:
    """A primary and its replica."""
    primary = StoreProcess(tmp_path_factory.mktemp("primary"), server_binary, config={"repl-diskless-sync-delay": "0"})
    follow = {"replicaof": f"127.0.0.1 {primary.port}"}
    replica = StoreProcess(tmp_path_factory.mktemp("replica"), server_binary, config=follow)
    primary.start()
    replica.start()
    yield primary, replica
    replica.kill9()
    primary.kill9()


@pytest.fixture
async def stores(both: tuple[StoreProcess, StoreProcess]) -> AsyncIterator[tuple[StoreProcess, StoreProcess]]:
    """They, with the replica up to date."""
    primary, replica = both
    async with Redis.from_url(primary.url) as client:

        async def follows() -> bool:
            # Valkey says of a replica that still loads that it has nothing, when nothing was written.
            async with client.pipeline(transaction=False) as pipe:
                pipe.set("x", "1")
                pipe.wait(1, 100)
                return bool((await pipe.execute())[1])

        await eventually(follows)
    yield primary, replica
    replica.resume()


async def prepared(api: Api) -> Api:
    assert (await api.register("b")).status == 201
    assert (await api.call("PUT", "/v1/kv/ns/old", {"value": "v"})).status == 201
    assert (await api.call("PUT", "/v1/brokers/c/b/override", {"perm": 6})).status == 200
    return api


@pytest.mark.parametrize("what", WRITES)
async def test_a_write_says_how_many_replicas_have_it(
    what: str, stores: tuple[StoreProcess, StoreProcess], node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    api = await prepared(Api(http, (await node_factory(stores[0].url, durability=1)).http_address))
    reply = await WRITES[what](api)
    assert (reply.status, reply.headers["Nsredis-Replicas"]) in [(200, "1"), (201, "1"), (204, "1")]


@pytest.mark.parametrize("what", WRITES)
async def test_a_write_that_too_few_have_is_made_and_is_no_success(
    what: str,
    stores: tuple[StoreProcess, StoreProcess],
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WAIT_MS", 100)
    primary, replica = stores
    api = await prepared(Api(http, (await node_factory(primary.url, durability=1)).http_address))
    replica.pause()
    before = (await api.get("/v1/events")).json["items"][-1]["revision"]
    reply = await WRITES[what](api)
    assert (reply.status, reply.json["code"], reply.headers["Nsredis-Replicas"]) == (503, "not-replicated", "0")
    assert "the change is made, but 0 of the 1 replicas" in reply.json["detail"]
    assert reply.headers["Retry-After"] == "1"
    assert reply.revision > before

    again = await WRITES[what](api)
    assert (again.status, again.headers["Nsredis-Replicas"]) == (503, "0")  # what changes nothing waits all the same
    replica.resume()

    async def has_it() -> bool:
        again = await WRITES[what](api)
        return (again.status, again.headers["Nsredis-Replicas"]) in [(200, "1"), (204, "1")]

    await eventually(has_it)


async def test_more_replicas_than_there_are_cannot_be_had(
    stores: tuple[StoreProcess, StoreProcess],
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WAIT_MS", 100)
    api = Api(http, (await node_factory(stores[0].url, durability=2)).http_address)
    reply = await api.call("PUT", "/v1/kv/ns/key", {"value": "v"})
    assert (reply.status, reply.headers["Nsredis-Replicas"]) == (503, "1")
    assert (await api.get("/v1/kv/ns/key")).json["value"] == "v"


async def test_what_brokers_do_waits_for_nobody(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    api = Api(http, (await node_factory(own_store().url, durability=1)).http_address)
    for reply in (
        await api.register("b"),
        await api.beat("b"),
        await api.call("PATCH", "/v1/brokers/c/b/0/topics", {"put": {"T": {}}}),
        await api.call("DELETE", "/v1/brokers/c/b/0"),
    ):
        assert reply.status < 300
        assert "Nsredis-Replicas" not in reply.headers


async def test_without_the_setting_nobody_waits_and_nothing_is_said(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    api = Api(http, (await node_factory(own_store().url)).http_address)
    reply = await api.call("PUT", "/v1/kv/ns/key", {"value": "v"})
    assert reply.status == 201
    assert "Nsredis-Replicas" not in reply.headers


async def test_a_refused_write_is_told_as_ever(
    stores: tuple[StoreProcess, StoreProcess], node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    api = Api(http, (await node_factory(stores[0].url, durability=1)).http_address)
    reply = await api.call("PUT", "/v1/brokers/c/nobody/override", {"perm": 4})
    assert (reply.status, reply.json["code"]) == (404, "broker-not-found")
