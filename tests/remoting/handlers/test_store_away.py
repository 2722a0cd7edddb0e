"""Whatever Redis does, every answer leaves within two seconds, and routes are answered as before."""

import asyncio

import aiohttp
import pytest

from nsredis.core.brokers import DataVersion
from nsredis.remoting import topic_body
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command
from tests.conftest import NodeFactory, OwnStore
from tests.remoting.handlers.conftest import Connect
from tests.support.api import Api
from tests.support.flicker import within
from tests.support.remoting import RemotingClient, broker_ext

WITHIN_S = 2.0
ASKS_THE_STORE = (
    (RequestCode.PUT_KV_CONFIG, {"namespace": "n", "key": "k", "value": "v"}),
    (RequestCode.DELETE_KV_CONFIG, {"namespace": "n", "key": "k"}),
    (RequestCode.UNREGISTER_BROKER, broker_ext()),
    (RequestCode.QUERY_DATA_VERSION, broker_ext()),
    (RequestCode.BROKER_HEARTBEAT, broker_ext()),
    (RequestCode.WIPE_WRITE_PERM_OF_BROKER, {"brokerName": "a"}),
    (RequestCode.DELETE_TOPIC_IN_NAMESRV, {"topic": "TopicA"}),
)


async def _timed(client: RemotingClient, code: int, ext: dict[str, str]) -> Command:
    async with within(WITHIN_S):
        return await client.call(code, ext)


@pytest.mark.parametrize("how", ["paused", "killed"])
async def test_every_answer_comes_in_time(
    own_store: OwnStore, node_factory: NodeFactory, connect: Connect, http: aiohttp.ClientSession, how: str
) -> None:
    store = own_store()
    node = await node_factory(store.url)
    client, api = await connect(node), Api(http, node.http_address)
    await client.register("a", 0)
    route = await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": "TopicA"})
    if how == "paused":
        store.pause()
    else:
        store.kill9()
    asking = [_timed(await connect(node), code, ext) for code, ext in ASKS_THE_STORE]
    for (code, _), answer in zip(ASKS_THE_STORE, await asyncio.gather(*asking), strict=True):
        assert (answer.code, answer.body) == (1, None), (code, answer)
    registered = await client.register("a", 0, version=DataVersion(0, 1, 9))
    assert registered.code == 1
    again = await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": "TopicA"})
    assert (again.code, again.body) == (0, route.body)
    assert (await api.get("/readyz")).status == 200
    if how == "paused":
        store.resume()


async def test_an_unchanged_registration_is_not_even_decoded(
    client: RemotingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.register("a", 0)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a body that is known was decoded")

    monkeypatch.setattr(topic_body, "decode_register_body", never)
    assert (await client.register("a", 0)).code == 0
    assert (await client.register("a", 0, version=DataVersion(0, 5, 5))).code == 1
