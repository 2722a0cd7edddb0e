import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from nsredis.service import probe
from nsredis.service.probe import PROBE_S, Probed, TcpProbe
from tests.support.listener import DeafListener, Listener


async def test_who_listens_is_reached_and_gets_no_byte() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await TcpProbe()(f"127.0.0.1:{port}") is Probed.REACHED
        assert await heard == b""


async def test_who_listens_no_more_refuses(listener: Listener) -> None:
    ask = TcpProbe()
    assert await ask(listener.address) is Probed.REACHED
    listener.close()
    assert await ask(listener.address) is Probed.REFUSED


async def test_ipv6() -> None:
    listener = Listener(host="::1")
    assert await TcpProbe()(listener.address) is Probed.REACHED
    listener.close()
    assert await TcpProbe()(listener.address) is Probed.REFUSED


async def test_who_does_not_answer_is_unknown_within_a_second() -> None:
    deaf = DeafListener()
    try:
        started = time.monotonic()
        assert await TcpProbe()(deaf.address) is Probed.UNKNOWN
        assert time.monotonic() - started >= PROBE_S  # nobody said no
    finally:
        deaf.close()


@pytest.mark.parametrize(
    "address", ["", "h", ":", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "a\0b:1", "é" * 80 + ":1"]
)
async def test_what_is_no_address_is_unknown(address: str) -> None:
    assert await TcpProbe()(address) is Probed.UNKNOWN


async def test_no_way_there_is_unknown() -> None:
    assert await TcpProbe()("255.255.255.255:1") is Probed.UNKNOWN  # the kernel connects nobody to a broadcast


async def test_a_name_is_refused_only_when_every_address_behind_it_refuses(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Listener()
    closed.close()
    behind: list[tuple[str, int]] = []

    def resolve(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in behind]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for ports, outcome in (
        ([closed.port], Probed.REFUSED),
        ([closed.port, closed.port], Probed.REFUSED),
        ([closed.port, listener.port], Probed.REACHED),
        ([], Probed.UNKNOWN),
    ):
        behind[:] = [("127.0.0.1", port) for port in ports]
        assert await TcpProbe()("a-broker:1") is outcome
    behind[:] = [("255.255.255.255", 1), ("127.0.0.1", closed.port)]
    assert await TcpProbe()("a-broker:1") is Probed.UNKNOWN


async def test_a_name_that_does_not_resolve_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert await TcpProbe()("a-broker:1") is Probed.UNKNOWN


async def test_a_slow_resolver_holds_up_neither_addresses_nor_the_nodes_own_names(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(probe, "_resolve", lambda *_: release.wait(30) and [])
    monkeypatch.setattr(probe, "PROBE_S", 0.2)
    ask = TcpProbe()
    try:
        slow = [asyncio.create_task(ask(f"broker-{i}:1")) for i in range(50)]
        assert await ask(listener.address) is Probed.REACHED
        await asyncio.get_running_loop().run_in_executor(None, int)  # where the store's name is resolved
        assert not slow[0].done()
        assert set(await asyncio.gather(*slow)) == {Probed.UNKNOWN}
    finally:
        release.set()
