import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

import pytest
import uvloop

from nsredis.remoting.addresses import Networks
from nsredis.remoting.door import Shortcut
from nsredis.remoting.limits import Limits
from nsredis.remoting.opening import Tls
from nsredis.remoting.server import RemotingServer
from tests.remoting.raw_client import RawClient
from tests.remoting.scripted_door import Remembering, ScriptedDoor


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test here runs on both loops."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@dataclass
class Running:
    """A server on a free port, with clients that are closed at the end."""

    server: RemotingServer
    address: tuple[str, int]
    door: ScriptedDoor
    observer: Remembering
    clients: list[RawClient]

    async def client(self, tls: ssl.SSLContext | None = None) -> RawClient:
        client = await RawClient.connect(self.address, tls=tls)
        self.clients.append(client)
        return client


class Start(Protocol):
    """Starts a server; all are stopped at the end of the test."""

    async def __call__(
        self,
        limits: Limits | None = None,
        *,
        trusted: tuple[str, ...] = (),
        tls: Tls | None = None,
        drain_s: float = 5.0,
        shortcut: Shortcut | None = None,
    ) -> Running: ...


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    running: list[Running] = []

    async def start_one(
        limits: Limits | None = None,
        *,
        trusted: tuple[str, ...] = (),
        tls: Tls | None = None,
        drain_s: float = 5.0,
        shortcut: Shortcut | None = None,
    ) -> Running:
        door, observer = ScriptedDoor(), Remembering()
        server = RemotingServer(
            door, observer, limits or Limits(), drain_s=drain_s, trusted=Networks(trusted), tls=tls, shortcut=shortcut
        )
        running.append(Running(server, await server.start("127.0.0.1", 0), door, observer, []))
        return running[-1]

    yield start_one
    for one in running:
        for client in one.clients:
            await client.close()
        await one.server.stop()
