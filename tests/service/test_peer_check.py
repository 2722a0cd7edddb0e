"""Peers are well when they say so themselves; whoever is dead, slow, or something else is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from nsredis.service import peer_check
from nsredis.service.peer_check import PeerCheck
from tests.support.listener import Listener

WELL = "Nsredis-Stale-Ms: 0\r\nNsredis-Unwritten-Ms: 150\r\n"


@asynccontextmanager
async def _saying(status: str, headers: str) -> AsyncIterator[str]:
    """A server that gives every request the same answer; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.parametrize(
    ("status", "headers", "well"),
    [
        ("200 OK", WELL, 1),
        ("503 Service Unavailable", WELL, 0),
        ("200 OK", "Nsredis-Stale-Ms: 5000\r\nNsredis-Unwritten-Ms: 0\r\n", 0),
        ("200 OK", "Nsredis-Stale-Ms: 0\r\nNsredis-Unwritten-Ms: 5000\r\n", 0),
        ("200 OK", "Nsredis-Stale-Ms: 0\r\n", 0),
        ("200 OK", "Nsredis-Stale-Ms: soon\r\nNsredis-Unwritten-Ms: 0\r\n", 0),
        ("302 Found", WELL + "Location: /\r\n", 0),
    ],
)
async def test_what_a_peer_says_counts(status: str, headers: str, well: int) -> None:
    async with _saying(status, headers) as address, PeerCheck() as check:
        assert await check.well([address]) == well


async def test_dead_and_slow_peers_and_impossible_addresses_do_not_spoil_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer_check, "ASK_S", 0.2)
    deaf, dead = Listener(), Listener()
    dead.close()
    async with _saying("200 OK", WELL) as address, PeerCheck() as check:
        assert await check.well([deaf.address, dead.address, "nonsense", "h:port", address]) == 1
        assert await check.well([]) == 0
    deaf.close()
