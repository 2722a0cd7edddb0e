"""A client that sends the bytes it is told to."""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress

from nsredis.wire.commands import Command, Serialization, decode, encode


def request(
    code: int,
    opaque: int = 0,
    body: bytes | None = None,
    *,
    one_way: bool = False,
    version: int = 0,
    form: Serialization = Serialization.JSON,
) -> bytes:
    """The frame of a request."""
    flag = 2 if one_way else 0
    return encode(Command(code, opaque, flag, version, body=body, serialization=form))


class RawClient:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: tuple[str, int], *, tls: ssl.SSLContext | None = None) -> "RawClient":
        host = "name-server.test" if tls is not None else None
        return cls(*await asyncio.open_connection(*address, ssl=tls, server_hostname=host))

    @property
    def address(self) -> str:
        host, port = self.writer.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> Command:
        """The next command; IncompleteReadError when there is none any more."""
        async with asyncio.timeout(10):
            length = int.from_bytes(await self.reader.readexactly(4))
            return decode(await self.reader.readexactly(length))

    async def ask(self, code: int, opaque: int = 0, body: bytes | None = None, *, version: int = 0) -> Command:
        await self.send(request(code, opaque, body, version=version))
        return await self.receive()

    async def is_cut_off(self) -> bool:
        """Wait for the end of the connection; True when nothing came before it."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except (ConnectionError, ssl.SSLError):
                return True

    def reset(self) -> None:
        """Go without a goodbye."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError, TimeoutError):
            await self.writer.wait_closed()
