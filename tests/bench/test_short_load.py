"""The load generator against servers that answer in every awkward way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.http import request
from nsredis.bench.short_load import run_load
from tests.support.ports import free_port

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[[Answer], Awaitable[str]]

GET = request("GET", "h", "/v1/routes/%25a")


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves with a function that gets the head of each request; gives its URL."""
    servers: list[asyncio.Server] = []
    writers: list[asyncio.StreamWriter] = []

    async def start(answer: Answer) -> str:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    if b"Content-Length: " in head:
                        await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split()[0]))
                    await answer(head, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        servers.append(await asyncio.start_server(talk, "127.0.0.1", port := free_port()))
        return f"http://127.0.0.1:{port}"

    yield start
    for server in servers:
        server.close()
    for writer in writers:
        writer.close()


async def test_every_answer_is_counted_once_however_it_comes(serve: Serve) -> None:
    heads: list[bytes] = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        if len(heads) % 2:
            writer.write(b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n")
            return
        for part in (b"HTTP/1.1 200 OK\r\nConte", b"nt-length: 10\r\n\r", b"\n12345", b"67890"):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.002)  # so that each part is read on its own

    put = request("PUT", "h", "/v1/x", b"{}")
    result = await run_load(await serve(answer), [[GET, put]], 0.2, {200, 204})
    assert result.requests == len(heads) > 10
    assert result.seconds >= 0.2
    assert result.rate == pytest.approx(len(heads) / result.seconds)
    assert 0 < result.busy <= 1.1
    assert heads[0].splitlines()[0] == b"GET /v1/routes/%25a HTTP/1.1"
    assert heads[1].splitlines()[0] == b"PUT /v1/x HTTP/1.1"
    assert heads[2] == heads[0]


async def test_connections_work_side_by_side(serve: Serve) -> None:
    waiting: list[asyncio.StreamWriter] = []

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        waiting.append(writer)
        if len(waiting) == 3:
            for other in waiting:
                other.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            waiting.clear()

    result = await run_load(await serve(answer), [[GET]] * 3, 0.05, {200})
    assert result.requests % 3 == 0


async def test_another_status_than_the_expected_ends_it(serve: Serve) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 8\r\n\r\nnot now!")

    with pytest.raises(LoadFailed, match="status 503: not now!"):
        await run_load(await serve(answer), [[GET]] * 2, 60, {200})


async def test_a_closed_connection_ends_it(serve: Serve) -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    with pytest.raises(LoadFailed, match="closed a connection"):
        await run_load(await serve(answer), [[GET]], 60, {200})


async def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(LoadFailed, match="no connection"):
        await run_load(f"http://127.0.0.1:{free_port()}", [[GET]], 1, {200})
