"""Listening sockets, and taking connections from them whatever happens."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Final

from nsredis.sockets.seldom import Seldom

log = logging.getLogger(__name__)

BACKLOG: Final = 4096
ACCEPT_AGAIN_S: Final = 0.2
"""After a failure that lasts: no file, no memory."""
PASSING: Final = frozenset(
    {errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.EINTR, errno.ENETDOWN, errno.EHOSTDOWN}
)
"""Failures of the one connection that was being taken."""

Taken = Callable[[socket.socket, str, int], None]
"""Called with a connection and its peer's host and port; it owns the socket."""


def plain_host(host: str) -> str:
    """The host as one writes it: an IPv4 address that came through an IPv6 socket is an IPv4 address."""
    return host[7:] if host.startswith("::ffff:") and "." in host else host


async def listen(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """A socket for each address of the host, all on one port: a free one when `port` is 0. OSError.

    `shared`: with other processes of this account that say so too. The kernel spreads connections over them.
    """
    return await _bound(host, port, shared=shared, backlog=BACKLOG)


async def reserve(host: str, port: int) -> list[socket.socket]:
    """Keep an address for processes that are to share it: bound, and nobody is taken. OSError when it is taken."""
    if port:  # those that share would not hear of others that share, too
        for probe in await _bound(host, port):
            probe.close()
    return await _bound(host, port, shared=True)


async def _bound(host: str, port: int, *, shared: bool = False, backlog: int = 0) -> list[socket.socket]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, address in sorted({(family, address[:2]) for family, *_, address in found}):
            sock = _socket(family, str(address[0]), alone=len(found) > 1, shared=shared)
            sockets.append(sock)
            _bind(sock, str(address[0]), port or _port_of(sockets), backlog)
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def _port_of(sockets: list[socket.socket]) -> int:
    return int(sockets[0].getsockname()[1])


def _socket(family: int, host: str, *, alone: bool, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:  # `::` alone means every address, of IPv4 too
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, alone or host != "::")
    return sock


def _bind(sock: socket.socket, host: str, port: int, backlog: int) -> None:
    try:
        sock.bind((host, port))
        if backlog:
            sock.listen(backlog)
    except OSError as error:
        words = f"cannot listen on ({host!r}, {port}): {error.strerror}"
        raise OSError(error.errno, words) from None


async def accept_for_ever(listener: socket.socket, taken: Taken) -> None:
    """Take connections until cancelled, one in a turn of the loop, so that others get theirs."""
    loop = asyncio.get_running_loop()
    failing = Seldom(log, logging.ERROR)
    while True:
        try:
            sock, address = await loop.sock_accept(listener)
        except OSError as error:
            if error.errno not in PASSING:
                failing.tell("no connection can be taken: %s", error.strerror)
                await asyncio.sleep(ACCEPT_AGAIN_S)
            continue
        sock.settimeout(0)
        _set_no_delay(sock)
        taken(sock, plain_host(address[0]), address[1])
        await asyncio.sleep(0)


def _set_no_delay(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        log.debug("a connection was gone before it was taken")


async def take_no_more(accepting: "list[asyncio.Task[None]]", listeners: list[socket.socket]) -> None:
    """End tasks that accept, and close their listeners. Both lists are empty then."""
    for task in accepting:
        task.cancel()
    if accepting:
        await asyncio.wait(accepting)
    accepting.clear()
    for listener in listeners:
        listener.close()
    listeners.clear()
