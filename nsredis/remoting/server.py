"""The remoting door on its address: takes connections, watches over them, and goes in good order."""

import asyncio
import logging
import socket
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from nsredis.remoting.addresses import Networks
from nsredis.remoting.connection import Connection
from nsredis.remoting.door import Door, Peer, Shortcut
from nsredis.remoting.limits import CLOSE_WITHIN_S, Budget, Limits
from nsredis.remoting.observer import RemotingObserver
from nsredis.remoting.opening import Arrival, Opening, Refused, Tls
from nsredis.remoting.shared import Shared
from nsredis.sockets.accepting import accept_for_ever, listen, take_no_more
from nsredis.sockets.caps import Caps, Place
from nsredis.sockets.seldom import Seldom

log = logging.getLogger(__name__)

SWEEP_AT_MOST_EVERY_S: Final = 5.0
LOOK_S: Final = 0.01


class RemotingServer:
    """One listening address. Start it once, drain it or not, stop it once; all on one event loop.

    `trusted`: whose PROXY headers are believed. `tls`: None when it is off. `shortcut`: see `Shortcut`.
    """

    def __init__(
        self,
        door: Door,
        observer: RemotingObserver,
        limits: Limits,
        *,
        drain_s: float,
        trusted: Networks | None = None,
        tls: Tls | None = None,
        shortcut: Shortcut | None = None,
    ) -> None:
        self._shared = Shared(
            door, observer, limits, Budget(limits.held_bytes), Budget(limits.unfinished_bytes), shortcut
        )
        self._observer = observer
        self._limits = limits
        self._drain_s = drain_s
        self._opening = Opening(trusted or Networks(()), tls, opening_s=limits.opening_s, idle_s=limits.idle_s)
        self._refusals: defaultdict[str, Seldom] = defaultdict(lambda: Seldom(log, logging.WARNING))
        self._caps = Caps(limits.connections, limits.per_address)
        self._listeners: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._opened: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int, *, shared: bool = False) -> tuple[str, int]:
        """Listen; the address, with the port that was free when `port` is 0. OSError. `shared`: see `listen`."""
        self._listeners = await listen(host, port, shared=shared)
        for listener in self._listeners:
            self._accepting.append(asyncio.create_task(accept_for_ever(listener, self._taken)))
        self._sweeping = asyncio.create_task(self._close_idle())
        bound = self._listeners[0].getsockname()
        return bound[0], bound[1]

    def peers(self) -> list[Peer]:
        """Those that are connected."""
        return [connection.peer for connection in self._shared.connections if not connection.closing]

    def send_away(self) -> None:
        """Tell clients that know it to go to another name server, from now on, and serve all others as before."""
        self._shared.going_away = True
        self._shared.shortcut = None

    async def drain(self) -> None:
        """Take no new connection and send clients away; once every request is answered, close the connections.

        What is not answered within the time of the drain is cut off.
        """
        self.send_away()
        await self._take_no_more()
        connections = self._shared.connections
        await _until(lambda: not any(connection.busy for connection in connections), self._drain_s)
        for connection in tuple(connections):
            connection.give_up()
            connection.close("drain")
        closing_s = min(CLOSE_WITHIN_S, max(self._drain_s, 0.1))
        await _until(lambda: not connections, closing_s)

    async def stop(self) -> None:
        """Cut off whatever is left."""
        self.send_away()
        await self._take_no_more()
        if self._sweeping is not None:
            await _end(self._sweeping)
        for connection in tuple(self._shared.connections):
            connection.give_up()
            connection.abort("stop")
        await _until(lambda: not self._shared.connections, 1.0)

    async def _take_no_more(self) -> None:
        await take_no_more(self._accepting, self._listeners)
        for task in tuple(self._opened):
            await _end(task)

    def _taken(self, sock: socket.socket, host: str, port: int) -> None:
        """A connection was accepted."""
        place = self._caps.take()
        if place is None:
            self._refuse(sock, None, host, Refused("full", "there are too many connections"))
        elif not self._opening.trusts(host) and not place.belongs_to(host):
            self._refuse(sock, place, host, Refused("address", "its address has too many connections"))
        else:
            task = asyncio.create_task(self._open(sock, place, host, port))
            self._opened.add(task)
            task.add_done_callback(self._opened.discard)

    async def _open(self, sock: socket.socket, place: Place, host: str, port: int) -> None:
        """Find out what it speaks, and make a connection of it."""
        try:
            arrival = await self._opening.decide(sock, host, port)
            if arrival.counted is not None and self._opening.trusts(host) and not place.belongs_to(arrival.counted):
                raise Refused("address", f"{arrival.counted} behind it has too many connections")
        except Refused as refused:
            self._refuse(sock, place, host, refused)
        except OSError:  # reset before it spoke
            self._refuse(sock, place, host, Refused())
        except BaseException:
            self._refuse(sock, place, host, Refused())
            raise
        else:
            await self._connect(sock, place, arrival)

    async def _connect(self, sock: socket.socket, place: Place, arrival: Arrival) -> None:
        """Hand the socket to a transport, which closes it, whatever becomes of it."""
        secure = arrival.context is not None
        connection = Connection(self._shared, arrival.address, secure=secure, ended=place.leave)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                sock,
                ssl=arrival.context,
                ssl_handshake_timeout=self._limits.opening_s if secure else None,
                ssl_shutdown_timeout=CLOSE_WITHIN_S if secure else None,
            )
        except OSError as error:
            self._tell(arrival.address, Refused("handshake", f"TLS failed: {error}"))
        finally:
            if not connection.made:
                place.leave()

    def _refuse(self, sock: socket.socket, place: Place | None, host: str, refused: Refused) -> None:
        sock.close()
        if place is not None:
            place.leave()
        self._tell(host, refused)

    def _tell(self, host: str, refused: Refused) -> None:
        if refused.why:
            self._observer.connection_refused(refused.why)
            self._refusals[refused.why].tell("a connection from %s was refused: %s", host, refused)

    async def _close_idle(self) -> None:
        """One timer for all connections."""
        limit_s, loop = self._limits.idle_s, asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(limit_s / 8, SWEEP_AT_MOST_EVERY_S))
            now = loop.time()
            for connection in tuple(self._shared.connections):
                connection.check_idle(now, limit_s)


async def _until(condition: Callable[[], bool], within_s: float) -> None:
    """Wait until that holds, or the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not condition() and loop.time() < deadline:  # noqa: ASYNC110 - it happens once in a life
        await asyncio.sleep(LOOK_S)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait({task})
