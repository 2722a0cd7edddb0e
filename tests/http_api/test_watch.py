import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from nsredis.http_api import event_stream
from nsredis.http_api.handlers import watch
from nsredis.view.answers import Answer
from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

Event = tuple[str, int, Any]
Next = Callable[[], Awaitable[Event]]


@asynccontextmanager
async def watching(api: Api, query: str) -> AsyncIterator[Next]:
    """An open stream; the function reads the next event: its name, its id, its data."""
    async with api.session.get(f"{api.url}/v1/watch?{query}", timeout=aiohttp.ClientTimeout(total=30)) as answer:
        assert answer.status == 200, await answer.read()
        assert answer.headers["Content-Type"] == "text/event-stream"

        async def following() -> Event:
            fields: dict[str, str] = {}
            while True:
                line = (await answer.content.readline()).decode()
                if not line:
                    raise EOFError
                if line == "\n" and "data" in fields:
                    return fields["event"], int(fields["id"]), orjson.loads(fields["data"])
                name, _, text = line.rstrip("\n").partition(": ")
                fields[name] = text

        yield following


async def test_the_present_state_at_once_and_then_each_change(api: Api) -> None:
    await api.register("a", topics={"One": {}})
    async with watching(api, "topic=One&topic=Two") as following:
        one, two = await following(), await following()
        assert one[2] == {"topic": "One", "route": (await api.route("One")).json}
        assert two[2] == {"topic": "Two", "route": None, "reason": "unknown-topic"}
        revision = (await api.register("a", topics={"One": {}, "Two": {"perm": 4}})).json["revision"]
        assert await following() == ("route", revision, {"topic": "Two", "route": (await api.route("Two")).json})
        await api.call("DELETE", "/v1/brokers/c/a/0")
        gone = {(await following())[2]["topic"] for _ in range(2)}
        assert gone == {"One", "Two"}


async def test_all_brokers_from_online_to_offline(api: Api) -> None:
    await api.register("a")
    async with watching(api, "all=brokers") as following:
        event, _, data = await following()
        assert (event, data["brokerName"], data["state"]) == ("broker", "a", "online")
        await api.register("b", 1)
        assert (await following())[2] == (await api.get("/v1/brokers/c/b/1")).json
        await api.call("PUT", "/v1/brokers/c/b/override", {"perm": 4})
        assert (await following())[2]["override"]["perm"] == 4
        await api.call("DELETE", "/v1/brokers/c/b/1")
        assert (await following())[2]["state"] == "offline"


@pytest.mark.parametrize(
    "query", ["", "?topic=a&all=brokers", "?all=everything", "?topic=" + "&topic=".join("abc" * 400)]
)
async def test_what_cannot_be_watched(api: Api, query: str) -> None:
    reply = await api.get(f"/v1/watch{query}")
    assert (reply.status, reply.json["code"]) == (422, "invalid-field")


async def test_a_thousand_readers_get_a_change_that_is_encoded_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.register("a", topics={"One": {}})
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        many = Api(session, api.url.removeprefix("http://"))
        ready, told = asyncio.Semaphore(0), []

        async def read() -> None:
            async with watching(many, "topic=One") as following:
                await following()
                ready.release()
                told.append(orjson.dumps((await following())[2]))

        readers = [asyncio.create_task(read()) for _ in range(1000)]
        for _ in readers:
            await ready.acquire()
        encoded: list[object] = []
        plain = Answer.of

        def counting(content: object) -> Answer:
            encoded.append(content)
            return plain(content)

        monkeypatch.setattr(Answer, "of", counting)
        frames: list[bytes] = []
        plain_frame = event_stream.frame

        def counting_frames(event: str, revision: int, data: bytes) -> bytes:
            frames.append(data)
            return plain_frame(event, revision, data)

        monkeypatch.setattr(watch, "frame", counting_frames)
        await api.register("a", topics={"One": {"perm": 4}})
        await asyncio.gather(*readers)
        assert len(told) == 1000
        assert len(set(told)) == 1
        assert len(frames) == 1
        assert len([content for content in encoded if "queueDatas" in str(content)]) == 1


async def test_a_reader_that_does_not_read_is_sent_away_and_nothing_piles_up(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "SLOW_S", 0.2)
    node = await node_factory(store_server.url)
    api = Api(http, node.http_address)
    await api.register("a", topics={f"T{i}": {} for i in range(1000)})
    subscriptions = node._view.subscriptions
    others = subscriptions.count()
    host, port = node.http_address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    query = "&".join(f"topic=T{i}" for i in range(500))
    writer.write(f"GET /v1/watch?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await writer.drain()
    await eventually(lambda: subscriptions.count() == others + 1)
    perm = 0

    async def sent_away() -> bool:
        nonlocal perm
        perm = 6 - perm
        await api.register("a", topics={f"T{i}": {"perm": perm} for i in range(1000)})
        return subscriptions.count() == others

    await eventually(sent_away, within_s=60)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1 << 30)
    writer.close()


async def test_a_reader_that_goes_is_forgotten(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url)
    api = Api(http, node.http_address)
    others = node._view.subscriptions.count()
    async with watching(api, "topic=One") as following:
        await following()
        assert node._view.subscriptions.count() == others + 1

    async def forgotten() -> bool:
        await api.register("a", instance=str(asyncio.get_running_loop().time()), topics={"One": {}})
        await api.call("DELETE", "/v1/brokers/c/a/0")
        return node._view.subscriptions.count() == others

    await eventually(forgotten)


async def _last(following: Next) -> None:
    while True:
        await following()


async def test_a_node_that_goes_ends_its_streams_and_waits(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, drain_ms=20_000)
    api = Api(http, node.http_address)
    others = node._view.subscriptions.count()
    etag = (await api.get("/v1/topics")).etag
    async with watching(api, "topic=One") as following:
        await following()
        waiting = asyncio.create_task(api.get("/v1/topics", If_None_Match=etag, Prefer="wait=60"))
        await eventually(lambda: node._view.subscriptions.count() == others + 2)
        await asyncio.wait_for(node.stop(), 10)
        with pytest.raises(EOFError):
            await _last(following)
        reply = await waiting
        assert (reply.status, reply.headers["Connection"]) == (304, "close")
