"""A node that goes while the body of a request is still on its way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from nsredis.node import Node
from tests.conftest import NodeFactory
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

WITHIN_S = 10.0
"""For what happens in well under a second, on a busy machine."""

DRAIN_MS = 60_000
BODY = b'{"value": "what took its time"}'
HEAD = b"PUT /v1/kv/n/k HTTP/1.1\r\nHost: x\r\n"
LENGTH = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


class Client:
    """A connection on which a request has begun."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def last_words(self) -> bytes:
        """All that comes until the node closes the connection."""
        return await asyncio.wait_for(self._reader.read(), WITHIN_S)


@asynccontextmanager
async def connected(node: Node) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(*node.http_address.split(":"))
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def _begun(node: Node, client: Client, first: bytes) -> None:
    """Send the first bytes, and wait until a handler reads the body."""
    await client.send(first)
    assert node._doors is not None
    server = node._doors._http._runner.server  # type: ignore[union-attr]
    assert server is not None
    await eventually(lambda: any(connection._current_request is not None for connection in server.connections))


async def _going(node: Node) -> "asyncio.Task[None]":
    """Begin to stop the node, up to where it closes connections."""
    stopping = asyncio.create_task(node.stop())

    async def refused() -> bool:
        try:
            async with connected(node):
                return False
        except ConnectionError:
            return True

    await eventually(refused)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not stopping.done()
    return stopping


@pytest.mark.parametrize(
    ("head", "framed", "end"),
    [(LENGTH, bytes, b""), (CHUNKED, chunk, chunk(b""))],
    ids=["length", "chunked"],
)
async def test_a_request_whose_body_is_still_arriving_is_answered_and_then_the_node_ends(
    node_factory: NodeFactory, store_server: StoreProcess, head: bytes, framed: Callable[[bytes], bytes], end: bytes
) -> None:
    node = await node_factory(store_server.url, drain_ms=DRAIN_MS)
    async with connected(node) as client:
        await _begun(node, client, head + framed(BODY[:10]))
        stopping = await _going(node)
        await client.send(framed(BODY[10:20]))
        await client.send(framed(BODY[20:]) + end)
        words = await client.last_words()
        await asyncio.wait_for(stopping, WITHIN_S)
    assert words.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\nConnection: close\r\n" in words


async def test_what_follows_such_a_request_is_not_begun(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    node = await node_factory(store_server.url, drain_ms=DRAIN_MS)
    async with connected(node) as client:
        await _begun(node, client, LENGTH + BODY[:10])
        stopping = await _going(node)
        await client.send(BODY[10:] + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.last_words()).count(b"HTTP/1.1 ") == 1
        await asyncio.wait_for(stopping, WITHIN_S)


async def test_a_body_that_never_comes_does_not_keep_the_node_for_longer_than_the_drain(
    node_factory: NodeFactory, store_server: StoreProcess
) -> None:
    node = await node_factory(store_server.url, drain_ms=1000)
    async with connected(node) as client:
        await _begun(node, client, LENGTH + BODY[:10])
        stopping = await _going(node)
        await client.last_words()
        await asyncio.wait_for(stopping, WITHIN_S)
