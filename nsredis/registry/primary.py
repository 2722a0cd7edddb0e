"""Connections to the primary, wherever it is at the moment, and the base of what finds it.

A connection asks where the primary is whenever it connects, and makes sure that it is one. What shows that a primary is
none any more (an error that says so, another place found) makes all connections to it stale: they are not used again.
"""

import asyncio
import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.connection import HiredisRespSerializer
from redis.exceptions import AskError, MovedError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from nsredis.registry.store_url import Place, place_text

log = logging.getLogger(__name__)

CONNECT_S: Final = 1.0
"""Bound of finding the primary, connecting to it and being let in."""

LOOK_EVERY_S: Final = 1.0
"""How often it is asked where the primary is, with nothing amiss: an old one that was cut off may still answer us."""


_PACKER: Final = HiredisRespSerializer()


class NoPrimary(RedisConnectionError):
    """There is no primary to connect to now. Nothing was sent."""


class TlsFailed(RedisConnectionError):
    """There is no TLS with the primary; the text says why. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server says of itself, without any right: `redis` or `valkey`, version, `standalone` or `cluster`."""

    server: str
    version: str
    mode: str
    role: str


class Finder:
    """Knows where the primary is. This one: at the place that the URL gives, whichever server is there.

    Connections of an older `generation` are stale.
    """

    def __init__(self) -> None:
        self.generation = 0
        self.greeting: Greeting | None = None
        """Of the present primary; None until it was connected to."""
        self._had_one = False
        self._listeners: list[Callable[[], None]] = []

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever another primary than before was connected to."""
        self._listeners.append(listener)

    async def find(self) -> Place | None:
        """Where the primary is now; None: at the place that the URL gives. NoPrimary when nobody can say."""
        return None

    def doubt(self, generation: int, why: str) -> None:
        """A connection of that generation found that its server is no primary, or not ours."""
        if generation == self.generation and self.greeting is not None:
            log.warning("the store's primary is no longer where it was: %s", why)
            self._lost()

    def _lost(self) -> None:
        self.generation += 1
        self.greeting = None

    def reached(self, greeting: Greeting) -> None:
        """A connection got through to a primary."""
        if self.greeting is None:
            self.greeting = greeting
            if self._had_one:
                for listener in self._listeners:
                    listener()
            self._had_one = True

    async def watch(self) -> None:
        """Look every so often, for ever."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Close what was opened to look."""


class Searcher(Finder, ABC):
    """A finder that asks others."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Place | None = None
        self._looking: asyncio.Task[Place] | None = None

    @abstractmethod
    async def look(self) -> Place:
        """Ask where the primary is; NoPrimary when nobody can say."""

    async def find(self) -> Place:
        """As said; those who ask at the same time share one look."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_once())
            self._looking.add_done_callback(_retrieve)
        return await asyncio.shield(self._looking)

    async def _look_once(self) -> Place:
        try:
            place = await self.look()
        finally:
            self._looking = None
        if place != self.place:
            old, self.place = self.place, place
            if old is not None:
                log.warning("the store's primary is now %s; it was %s", place_text(place), place_text(old))
                self._lost()
        return place

    async def watch(self) -> None:
        """As said."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.find()
            except RedisError as error:
                log.debug("cannot tell where the store's primary is: %s", error)

    async def close(self) -> None:
        """As said."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])


def _retrieve(task: asyncio.Task[Place]) -> None:
    """Whoever asked may be gone: then nobody else takes the look's error."""
    if not task.cancelled():
        task.exception()


class _ToPrimary(AbstractConnection):
    """Mixed into a connection of the client library."""

    def __init__(self, *, finder: Finder, **options: Any) -> None:
        self.finder = finder
        self.generation = -1
        super().__init__(**options)

    async def connect(self) -> None:
        """Connect to the primary; nothing when connected to it already."""
        if self.is_connected:
            if self.generation == self.finder.generation:
                return
            await self.disconnect(nowait=True)
        try:
            async with asyncio.timeout(CONNECT_S):
                place = await self.finder.find()
                if place is not None:
                    self.host, self.port = place
                self.generation = self.finder.generation
                await super().connect()  # type: ignore[no-untyped-call]
        except (TimeoutError, RedisTimeoutError):
            await self.disconnect(nowait=True)
            raise RedisTimeoutError(f"Timeout connecting to {self._host_error()}") from None

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - as inherited
        """Be let in, and make sure that the server is a primary."""
        await super().on_connect_check_health(check_health)
        await self.send_command("HELLO", check_health=False)
        greeting = _greeting(await self.read_response())
        if greeting.mode == "sentinel":
            raise NoPrimary(f"{self._host_error()} is a Sentinel and no store: its URL starts with redis+sentinel://")
        if greeting.role != "master":
            why = f"{self._host_error()} is a {greeting.role or 'server without a role'}, not the primary"
            self.finder.doubt(self.generation, why)
            raise NoPrimary(why)
        self.finder.reached(greeting)

    def pack_command(self, *args: Any) -> list[bytes]:
        """A command's bytes, made in C, as redis-py does where it is not asynchronous: half of what a beat costs."""
        packed: list[bytes] = _PACKER.pack(*args)
        return packed

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """A reply; one that says that this is the wrong server makes all connections to it stale."""
        try:
            return await super().read_response(*arguments, **options)
        except ResponseError as error:
            if _wrong_server(error):
                self.finder.doubt(self.generation, f"{self._host_error()} says {error}")
            raise


class ToPrimary(_ToPrimary, Connection):
    """Over TCP."""


class ToPrimaryOverTls(_ToPrimary, SSLConnection):
    """Over TLS."""

    async def connect(self) -> None:
        """As said; a fault of TLS is told apart from a server that is away."""
        try:
            await super().connect()
        except RedisTimeoutError as error:  # a server that waits for plain commands says nothing at all
            why = f"{self._host_error()} did not answer a handshake in time: is it a port for TLS?"
            raise TlsFailed(why) from error
        except RedisConnectionError as error:
            fault = _of_tls(error)
            if fault is None:
                raise
            raise TlsFailed(f"{self._host_error()}: {fault}") from error


def _of_tls(error: BaseException | None) -> OSError | None:
    """What went wrong with TLS or its files, somewhere beneath this error."""
    while error is not None and not isinstance(error, ssl.SSLError | FileNotFoundError | PermissionError):
        error = error.__cause__ or error.__context__
    return error


class ToPrimaryOverUnix(_ToPrimary, UnixDomainSocketConnection):
    """Over a unix socket."""


CLASSES: Final[dict[type[AbstractConnection], type[AbstractConnection]]] = {
    Connection: ToPrimary,
    SSLConnection: ToPrimaryOverTls,
    UnixDomainSocketConnection: ToPrimaryOverUnix,
}
"""The class that stands for one of the client library's."""


def _wrong_server(error: ResponseError) -> bool:
    """Whether the server is a replica or, in a cluster, not the owner of our slot.

    ASK is no such error: while a slot moves, the old owner is the owner.
    """
    if isinstance(error, AskError):
        return isinstance(error, MovedError)
    return isinstance(error, ReadOnlyError) or str(error).startswith("UNBLOCKED")


def _greeting(reply: Any) -> Greeting:
    fields = mapping(reply)
    return Greeting(*(fields.get(name, "") for name in ("server", "version", "mode", "role")))


def mapping(reply: Any) -> dict[str, str]:
    """The texts of a reply that is a map, or a list of names and values in turn."""
    pairs = reply.items() if isinstance(reply, dict) else zip(reply[::2], reply[1::2], strict=True)
    return {_text(name): _text(value) for name, value in pairs if isinstance(value, bytes | str)}


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
