"""Whether somebody listens at an address: a TCP connection that is opened and closed without a byte sent."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, Final

PROBE_S: Final = 1.0
RESOLVERS: Final = 4

Place = tuple[int, tuple[Any, ...]]
"""An address family, and an address as the socket module has it."""


class Probed(StrEnum):
    """What a probe found."""

    REACHED = "reached"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer in time, no way there, no such name


Probe = Callable[[str], Awaitable[Probed]]
"""Probes `host:port`; never raises."""


class TcpProbe:
    """Probes ports over TCP, one second each. A name counts as refused when every address behind it refuses."""

    def __init__(self) -> None:
        # Threads of its own: a slow resolver must not hold up what else the node resolves, such as its store.
        self._resolvers = ThreadPoolExecutor(RESOLVERS, "probe-resolver")

    async def __call__(self, address: str) -> Probed:
        outcomes = set()
        try:
            async with asyncio.timeout(PROBE_S):
                for place in await self._places(address):
                    outcome = await _connect(place)
                    if outcome is Probed.REACHED:
                        return outcome
                    outcomes.add(outcome)
        except (OSError, ValueError):  # a time-out too; an address that is none, over remoting anything may come
            return Probed.UNKNOWN
        return Probed.REFUSED if outcomes == {Probed.REFUSED} else Probed.UNKNOWN

    async def _places(self, address: str) -> list[Place]:
        host, _, port_text = address.rpartition(":")
        host, port = host.strip("[]"), int(port_text)
        if not 0 < port < 65536:
            raise ValueError("no port")
        try:
            literal = ip_address(host)
        except ValueError:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._resolvers, _resolve, host, port)
            return [(family, place) for family, _, _, _, place in found]
        return [(socket.AF_INET, (host, port)) if literal.version == 4 else (socket.AF_INET6, (host, port, 0, 0))]


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _connect(place: Place) -> Probed:
    family, address = place
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(0)  # the loop waits for it
            await asyncio.get_running_loop().sock_connect(connection, address)
    except ConnectionRefusedError:
        return Probed.REFUSED
    except OSError:
        return Probed.UNKNOWN
    return Probed.REACHED
