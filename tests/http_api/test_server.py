import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import aiohttp
import pytest

from nsredis.http_api import bodies
from nsredis.http_api.server import LINGER_S
from nsredis.node import Node
from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

WHOLE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
WITHIN_S = 10.0
"""For what happens in well under a second, on a busy machine."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(node: Node) -> AsyncIterator[Connection]:
    host, port = node.http_address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """An answer to WHOLE."""
    return await asyncio.wait_for(reader.readuntil(b"ok\n"), WITHIN_S)


async def last_words(reader: asyncio.StreamReader) -> str:
    """All that comes until the node closes the connection."""
    return (await asyncio.wait_for(reader.read(), WITHIN_S)).decode()


def put(length: int) -> bytes:
    return f"PUT /v1/kv/n/k HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()


@pytest.mark.parametrize("sent", [b"G", b"GET /livez HTTP/1.1\r\nX: ", WHOLE + b"GET /livez HTTP/1.1\r\nX: "])
async def test_a_head_that_does_not_come_to_an_end_is_refused(
    node_factory: NodeFactory, store_server: StoreProcess, sent: bytes
) -> None:
    node = await node_factory(store_server.url, http_read_ms=200)
    async with connected(node) as (reader, writer):
        whole, half = sent[: len(WHOLE)] == WHOLE, sent.removeprefix(WHOLE)
        if whole:
            writer.write(WHOLE)
            await answer(reader)
        writer.write(half)
        words = await last_words(reader)
    assert words.partition(" ")[2].startswith("408 Request Timeout\r\n")
    assert '"code":"too-slow"' in words
    assert "Content-Type: application/problem+json\r\n" in words


async def test_a_silent_connection_is_closed_but_no_head_that_is_on_its_way(
    node_factory: NodeFactory, store_server: StoreProcess
) -> None:
    node = await node_factory(store_server.url, http_idle_ms=1000)
    async with connected(node) as (reader, writer):
        writer.write(WHOLE)
        await answer(reader)
        writer.write(WHOLE[:-2])
        async with connected(node) as (silent, _):
            assert await last_words(silent) == ""
        writer.write(WHOLE[-2:])
        assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
        assert await last_words(reader) == ""


async def test_one_that_never_reads_its_answers_is_closed_and_a_slow_one_is_not(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, http_idle_ms=1000)
    topics: dict[str, object] = {f"{number}-{'x' * 100}": {} for number in range(2000)}
    assert (await Api(http, node.http_address).register("a", topics=topics)).status == 201
    ask = b"GET /v1/topics?limit=2000 HTTP/1.1\r\nHost: x\r\n\r\n" * 60
    async with connected(node) as (silent, its_writer), connected(node) as (slow, writer):
        silent._transport.pause_reading()  # type: ignore[attr-defined]
        its_writer.write(ask)
        writer.write(ask)
        for _ in range(30):  # longer than the limit
            assert await asyncio.wait_for(slow.read(100_000), WITHIN_S)
            await asyncio.sleep(0.1)
        assert not slow.at_eof()
        await eventually(partial(_is_cut_off, its_writer))


async def _is_cut_off(writer: asyncio.StreamWriter) -> bool:
    """It hears of it when it says something more."""
    writer.write(b"x")
    try:
        await writer.drain()
    except ConnectionError:
        return True
    return False


async def test_long_polls_and_streams_outlast_every_limit(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, http_idle_ms=1000, http_read_ms=100)
    api = Api(http, node.http_address)
    async with http.get(f"{api.url}/v1/watch?topic=TopicA") as stream:
        etag = (await api.get("/v1/topics")).etag
        assert (await api.get("/v1/topics", If_None_Match=etag, Prefer="wait=2")).status == 304
        await api.register("a")
        while b"brokerDatas" not in await stream.content.readline():
            pass


@pytest.mark.parametrize("begun", [b"", b'{"value": "'])
async def test_a_body_that_stops_is_refused(
    node_factory: NodeFactory, store_server: StoreProcess, begun: bytes
) -> None:
    node = await node_factory(store_server.url, http_read_ms=200)
    async with connected(node) as (reader, writer):
        writer.write(put(1000) + begun)
        words = await last_words(reader)
    assert words.startswith("HTTP/1.1 408 Request Timeout\r\n")
    assert f"{len(begun)} bytes so far" in words


async def test_a_body_that_only_trickles_is_refused_and_a_slow_one_is_not(
    node_factory: NodeFactory, store_server: StoreProcess
) -> None:
    node = await node_factory(store_server.url, http_read_ms=1000)

    async def send(parts: int, size: int) -> str:
        async with connected(node) as (reader, writer):
            body = (b'{"value": "' + b"x" * parts * size)[: parts * size - 2] + b'"}'
            writer.write(put(len(body)).replace(b"1.1\r\n", b"1.1\r\nConnection: close\r\n"))

            async def slowly() -> None:
                for start in range(0, len(body), size):
                    writer.write(body[start : start + size])
                    await asyncio.sleep(0.1)

            sending = asyncio.create_task(slowly())
            words = (await asyncio.wait_for(reader.readuntil(b"}"), WITHIN_S)).decode()
            sending.cancel()
            return words

    assert 10 < bodies.LEAST_RATE < 20_000
    trickling, slow = await asyncio.gather(send(100, 1), send(20, 2000))
    assert " 408 " in trickling
    assert " 201 " in slow


async def test_after_a_body_that_is_too_large_the_connection_is_closed(
    node_factory: NodeFactory, store_server: StoreProcess
) -> None:
    node = await node_factory(store_server.url)
    async with connected(node) as (reader, writer):
        writer.write(put(1 << 40) + b"{")
        words = await last_words(reader)
    assert LINGER_S < WITHIN_S
    assert words.startswith("HTTP/1.1 413 ")
    assert "Connection: close\r\n" in words


async def test_there_are_only_so_many_connections(
    node_factory: NodeFactory, store_server: StoreProcess, caplog: pytest.LogCaptureFixture
) -> None:
    node = await node_factory(store_server.url, wait=False, http_max_connections=2)
    async with connected(node) as (reader, writer), connected(node) as other:
        for stream, out in ((reader, writer), other):
            out.write(WHOLE)
            await answer(stream)
        for _ in range(3):
            async with connected(node) as (refused, _):
                assert await last_words(refused) == ""
        assert caplog.text.count("there are too many connections") == 1
        writer.close()

        async def room() -> bool:
            async with connected(node) as (another, out):
                out.write(WHOLE)
                return await another.read(12) == b"HTTP/1.1 200"

        await eventually(room)


@pytest.mark.parametrize("turns", range(6))
async def test_a_request_that_comes_while_the_node_goes_is_answered_or_refused_and_never_left_hanging(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession, turns: int
) -> None:
    node = await node_factory(store_server.url, drain_ms=60_000)
    asking = asyncio.create_task(Api(http, node.http_address).get("/v1/topics", Prefer="wait=60"))
    for _ in range(turns):  # how far it has come when the node begins to go
        await asyncio.sleep(0)
    await asyncio.wait_for(node.stop(), WITHIN_S)
    async with asyncio.timeout(WITHIN_S):
        with suppress(aiohttp.ClientError):
            assert (await asking).status in (200, 503)
