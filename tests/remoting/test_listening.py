import asyncio
import errno
import os
import resource
import socket

import pytest

from nsredis.remoting.limits import Limits
from nsredis.remoting.server import RemotingServer
from nsredis.sockets import accepting
from nsredis.sockets.accepting import accept_for_ever, listen, reserve
from tests.remoting.conftest import Start
from tests.remoting.raw_client import RawClient
from tests.remoting.scripted_door import NOW, Remembering, ScriptedDoor
from tests.support.eventually import eventually


async def test_a_taken_address_is_an_error(start: Start) -> None:
    remoting = await start()
    server = RemotingServer(ScriptedDoor(), Remembering(), Limits(), drain_s=0)
    with pytest.raises(OSError, match=rf"127.0.0.1', {remoting.address[1]}\)") as failure:
        await server.start(*remoting.address)
    assert failure.value.errno == errno.EADDRINUSE
    await server.stop()


async def test_all_addresses_of_a_host_get_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    plain, six = [await loop.getaddrinfo(host, 0, type=socket.SOCK_STREAM) for host in ("127.0.0.1", "::1")]

    async def both(*_: object, **__: object) -> object:
        return plain + six + plain

    monkeypatch.setattr(loop, "getaddrinfo", both)
    sockets = await listen("localhost", 0)
    names = [sock.getsockname()[:2] for sock in sockets]
    assert sorted(host for host, _ in names) == ["127.0.0.1", "::1"]
    assert len({port for _, port in names}) == 1
    for sock in sockets:
        sock.close()


async def test_two_colons_are_every_address() -> None:
    door = ScriptedDoor()
    server = RemotingServer(door, Remembering(), Limits(), drain_s=0)
    _, port = await server.start("::", 0)
    for host, shown in (("127.0.0.1", "127.0.0.1:"), ("::1", "[::1]:")):
        client = await RawClient.connect((host, port))
        assert (await client.ask(NOW)).code == 0
        assert door.peers[-1].address.startswith(shown)
        await client.close()
    await server.stop()


async def test_answers_do_not_wait_for_more_to_send(start: Start) -> None:
    remoting = await start()
    await (await remoting.client()).ask(NOW)
    [connection] = remoting.server._shared.connections
    sock = connection._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_running_out_of_files_passes(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accepting, "ACCEPT_AGAIN_S", 0.01)
    remoting = await start()
    with socket.socket() as sock:
        sock.setblocking(False)
        os.close(free := os.dup(sock.fileno()))
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            await asyncio.get_running_loop().sock_connect(sock, remoting.address)
            await eventually(lambda: "no connection can be taken: Too many open files" in caplog.text)
            await asyncio.sleep(0.05)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        await eventually(lambda: remoting.observer.opened == 1)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPERM])
async def test_a_connection_that_ended_before_it_was_taken_is_no_event(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, 3

    async def failing(listener: socket.socket) -> object:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(number, "it failed")
        return await accept(listener)

    monkeypatch.setattr(loop, "sock_accept", failing)
    [listener] = await listen("127.0.0.1", 0)
    taken: list[socket.socket] = []
    accepting = asyncio.create_task(accept_for_ever(listener, lambda sock, *_: taken.append(sock)))
    client = socket.create_connection(listener.getsockname())
    await eventually(lambda: len(taken) == 1)
    assert caplog.records == []
    accepting.cancel()
    for sock in (client, listener, *taken):
        sock.close()


async def test_an_address_is_shared_by_those_that_say_so_and_reserved_once() -> None:
    reserved = await reserve("127.0.0.1", 0)
    port = reserved[0].getsockname()[1]
    sharing = [*await listen("127.0.0.1", port, shared=True), *await listen("127.0.0.1", port, shared=True)]
    for _ in range(64):
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            pass  # the one that is only reserved would refuse it
    for attempt in (reserve("127.0.0.1", port), listen("127.0.0.1", port)):
        with pytest.raises(OSError, match=rf"127.0.0.1', {port}\)") as failure:
            await attempt
        assert failure.value.errno == errno.EADDRINUSE
    for sock in (*reserved, *sharing):
        sock.close()
