"""What a fresh connection begins with: a PROXY header, TLS, or frames. Looked at without taking it from the socket."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nsredis.remoting.addresses import Networks, host_of, join_address
from nsredis.remoting.greetings import Greeting, read_greeting
from nsredis.wire.frames import MalformedFrame
from nsredis.wire.proxy_protocol import NeedMore, ProxyHeader, parse

MOST_HEADER: Final = 4096
"""Bytes of a PROXY header. The protocol has receivers take 232; load balancers send some hundred."""
FIRST_LOOK_AGAIN_S: Final = 0.005
LOOK_AGAIN_S: Final = 0.2
"""Until the rest of a header is there. An event for it would come all the time, since its start is there."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How TLS is spoken: the context for each new connection, and whether others are turned away."""

    context: Callable[[], ssl.SSLContext]
    enforced: bool = False


class Refused(Exception):
    """The connection is to be closed. `why` is a slug for the metrics; without one nobody need hear of it."""

    def __init__(self, why: str = "", words: str = "") -> None:
        super().__init__(words)
        self.why = why


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who speaks on a connection, and how."""

    address: str
    counted: str | None
    """The host that it counts for; None for what a balancer itself asks."""
    context: ssl.SSLContext | None = None


class Opening:
    """Decides what each accepted socket speaks."""

    def __init__(self, trusted: Networks, tls: Tls | None, *, opening_s: float, idle_s: float) -> None:
        self._trusted = trusted
        self._tls = tls
        self._opening_s = opening_s
        self._idle_s = idle_s

    def trusts(self, host: str) -> bool:
        """Whether a PROXY header from there is believed."""
        return host in self._trusted

    async def decide(self, sock: socket.socket, host: str, port: int) -> Arrival:
        """Who speaks there, once it has spoken; at once where nothing depends on it. Refused, OSError.

        A client may connect long before it speaks: RocketMQ's try all name servers and use one. So the first byte has
        as much time as an idle connection, and only what follows it must be quick.
        """
        address, counted = join_address(host, port), None if self.trusts(host) else host
        if self.trusts(host):
            header = await self._take_header(sock)
            if header is not None and header.source:
                address, counted = header.source, host_of(header.source)
        elif self._tls is None:
            return Arrival(address, counted)
        return Arrival(address, counted, await self._context(sock))

    async def _context(self, sock: socket.socket) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        match read_greeting(await self._first(sock, len(b"PROXY"))):
            case Greeting.TLS:
                return self._tls.context()
            case Greeting.PROXY:
                raise Refused("proxy", "it speaks the PROXY protocol, and is not in remoting_trusted_proxies")
            case Greeting.FRAMES if self._tls.enforced:
                raise Refused("plaintext", "it does not speak TLS, which tls_mode enforces")
            case Greeting.FRAMES:
                return None

    async def _take_header(self, sock: socket.socket) -> ProxyHeader | None:
        """The PROXY header, taken from the socket and nothing behind it; None when it begins with something else."""
        loop = asyncio.get_running_loop()
        data = await self._first(sock, MOST_HEADER)
        deadline, pause_s = loop.time() + self._opening_s, FIRST_LOOK_AGAIN_S
        while isinstance(header := self._parsed(data), NeedMore):
            if len(data) >= MOST_HEADER:
                raise Refused("malformed", f"its PROXY header has more than {MOST_HEADER} bytes")
            if loop.time() >= deadline:
                raise Refused("slow", f"its PROXY header was not complete within {self._opening_s:g} s")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LOOK_AGAIN_S)
            data = await self._first(sock, MOST_HEADER)
        if not isinstance(header, ProxyHeader):
            return None
        taken = sock.recv(header.length)
        assert len(taken) == header.length, "what was seen is there"
        return header

    @staticmethod
    def _parsed(data: bytes) -> object:
        try:
            return parse(data)
        except MalformedFrame as error:
            raise Refused("malformed", f"its PROXY header is broken: {error}") from None

    async def _first(self, sock: socket.socket, size: int) -> bytes:
        """Up to `size` of the next bytes, which stay in the socket; at least one."""
        try:
            async with asyncio.timeout(self._idle_s):
                while (data := _peek(sock, size)) is None:
                    await _readable(sock)
        except TimeoutError:
            raise Refused from None
        if not data:
            raise Refused
        return data


def _peek(sock: socket.socket, size: int) -> bytes | None:
    """The next bytes; none when the peer has ended, None when they are not there yet."""
    try:
        return sock.recv(size, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return None


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock, wake)
    try:
        await ready
    finally:
        loop.remove_reader(sock)
