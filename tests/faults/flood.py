"""Connections by the thousand, from many addresses of the loopback network."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress

AT_ONCE = 200


class Flood:
    """`sockets` that were connected; those that the node closed since are found by `refused`."""

    def __init__(self, address: str, sources: Sequence[str]) -> None:
        host, _, port = address.rpartition(":")
        self._address, self._sources = (host, int(port)), sources
        self.sockets: list[socket.socket] = []
        self.failed = 0

    async def rise(self, count: int) -> None:
        """So many more, from the sources in turn."""
        numbers = iter(range(count))

        async def connect() -> None:
            for number in numbers:
                await self._connect(self._sources[number % len(self._sources)])

        await asyncio.gather(*(connect() for _ in range(AT_ONCE)))

    async def _connect(self, source: str) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_BIND_ADDRESS_NO_PORT, 1)
        try:
            sock.bind((source, 0))
            async with asyncio.timeout(10):
                await asyncio.get_running_loop().sock_connect(sock, self._address)
        except OSError:  # a time-out is one
            self.failed += 1
            sock.close()
        else:
            self.sockets.append(sock)

    def refused(self) -> int:
        """How many of them the node has closed."""
        closed = 0
        for sock in self.sockets:
            with suppress(BlockingIOError):
                try:
                    closed += sock.recv(1) == b""
                except ConnectionError:
                    closed += 1
        return closed

    def fall(self) -> None:
        """All are closed."""
        for sock in self.sockets:
            sock.close()
        self.sockets.clear()
