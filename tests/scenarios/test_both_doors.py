"""One story told through HTTP and through remoting, on stores of their own, ends in the same answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.codes import RequestCode
from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.remoting import RemotingClient, broker_ext
from tests.support.store_process import StoreProcess

FIRST, SECOND = DataVersion(0, 1_700_000_000_000, 1), DataVersion(0, 1_700_000_000_000, 2)
WIRE_QUEUES = {"readQueueNums": 4, "writeQueueNums": 8, "perm": 6, "topicSysFlag": 0}
QUEUES = QueueData(4, 8, 6, 0)


class ThroughHttp:
    """The verbs by the HTTP API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def register(self, name: str, number: int, topics: list[str], version: DataVersion) -> None:
        body: dict[str, Any] = {
            "address": f"10.0.0.{number + 1}:10911",
            "haAddress": f"10.1.0.{number + 1}:10912",
            "leaseMs": 120_000,
            "dataVersion": {"stateVersion": 0, "timestamp": version.timestamp, "counter": version.counter},
            "topics": dict.fromkeys(topics, WIRE_QUEUES),
        }
        assert (await self._api.call("PUT", f"/v1/brokers/c/{name}/{number}", body)).status in (200, 201)

    async def leave(self, name: str, number: int) -> None:
        assert (await self._api.call("DELETE", f"/v1/brokers/c/{name}/{number}")).status == 204

    async def put_kv(self, key: str, value: str) -> None:
        await self._api.call("PUT", f"/v1/kv/ORDER_TOPIC_CONFIG/{key}", {"value": value})

    async def delete_kv(self, key: str) -> None:
        await self._api.call("DELETE", f"/v1/kv/ORDER_TOPIC_CONFIG/{key}")

    async def wipe(self, name: str) -> None:
        await self._api.call("PUT", f"/v1/brokers/c/{name}/override", {"perm": 5, "reason": "wipeWritePerm"})

    async def add(self, name: str) -> None:
        await self._api.call("DELETE", f"/v1/brokers/c/{name}/override")

    async def delete_topic(self, topic: str) -> None:
        await self._api.call("DELETE", f"/v1/topics/{topic}")


class ThroughRemoting:
    """The same verbs by RocketMQ's protocol."""

    def __init__(self, client: RemotingClient) -> None:
        self._client = client

    async def _done(self, code: int, ext: dict[str, str]) -> None:
        assert (await self._client.call(code, ext)).code == 0

    async def register(self, name: str, number: int, topics: list[str], version: DataVersion) -> None:
        answer = await self._client.register(name, number, dict.fromkeys(topics, QUEUES), version=version)
        assert answer.code == 0, answer

    async def leave(self, name: str, number: int) -> None:
        await self._done(RequestCode.UNREGISTER_BROKER, broker_ext(name, number))

    async def put_kv(self, key: str, value: str) -> None:
        await self._done(RequestCode.PUT_KV_CONFIG, {"namespace": "ORDER_TOPIC_CONFIG", "key": key, "value": value})

    async def delete_kv(self, key: str) -> None:
        await self._done(RequestCode.DELETE_KV_CONFIG, {"namespace": "ORDER_TOPIC_CONFIG", "key": key})

    async def wipe(self, name: str) -> None:
        await self._done(RequestCode.WIPE_WRITE_PERM_OF_BROKER, {"brokerName": name})

    async def add(self, name: str) -> None:
        await self._done(RequestCode.ADD_WRITE_PERM_OF_BROKER, {"brokerName": name})

    async def delete_topic(self, topic: str) -> None:
        await self._done(RequestCode.DELETE_TOPIC_IN_NAMESRV, {"topic": topic})


async def _story(verbs: ThroughHttp | ThroughRemoting, look: Callable[[], Awaitable[None]]) -> None:
    await verbs.register("a", 0, ["T1", "T2", "T3"], FIRST)
    await look()
    await verbs.register("a", 1, ["T1", "T2", "T3"], FIRST)
    await verbs.register("b", 0, ["T2", "T4"], FIRST)
    await look()
    await verbs.put_kv("T1", "a:4")
    await verbs.put_kv("T2", "a:4;b:4")
    await verbs.delete_kv("T1")
    await look()
    await verbs.wipe("a")
    await look()
    await verbs.register("a", 0, ["T1", "T2", "T3", "T5"], SECOND)
    await look()
    await verbs.add("a")
    await verbs.delete_topic("T2")
    await look()
    await verbs.register("b", 0, ["T2", "T4"], FIRST)
    await look()
    await verbs.leave("a", 0)
    await look()
    await verbs.leave("a", 1)
    await look()


@pytest.fixture
async def told(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession, namespace: str
) -> dict[str, list[Any]]:
    """What both doors answered after each chapter, by the door through which the story was told."""
    answers: dict[str, list[Any]] = {}
    for door in ("http", "remoting"):
        node = await node_factory(store_server.url, namespace=f"{namespace}-{door}")
        api, client = Api(http, node.http_address), await RemotingClient.connect(node.remoting_address)
        seen: list[Any] = []

        async def look(api: Api = api, client: RemotingClient = client, seen: list[Any] = seen) -> None:
            paths = [f"/v1/routes/T{i}" for i in range(1, 6)]
            paths += ["/v1/topics", "/v1/clusters", "/v1/kv/ORDER_TOPIC_CONFIG"]
            replies = [await api.get(path) for path in paths]
            seen.append([(reply.status, reply.body if reply.status == 200 else b"") for reply in replies])
            commands = [await client.call(105, {"topic": f"T{i}"}) for i in range(1, 6)]
            commands += [await client.call(106), await client.call(206)]
            seen.append([(command.code, command.body) for command in commands])

        await _story(ThroughHttp(api) if door == "http" else ThroughRemoting(client), look)
        await client.close()
        answers[door] = seen
    return answers


async def test_both_doors_tell_the_same_story(told: dict[str, list[Any]]) -> None:
    for chapter, (through_http, through_remoting) in enumerate(zip(told["http"], told["remoting"], strict=True)):
        assert through_http == through_remoting, f"chapter {chapter // 2}"
    last_routes = told["http"][-2]
    assert [status for status, _ in last_routes[:5]] == [404, 404, 404, 200, 404]
