"""The one place that knows how the store is reached: standalone over TCP, TLS or a unix socket, by way of Sentinels, or
as a member of a Redis Cluster.

Everything above sees a `StoreLink`: the primary that owns the namespace's slot, however it is found.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from redis import DriverInfo
from redis import __version__ as client_version
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as RedisTimeoutError

from nsredis.core.errors import InvalidField
from nsredis.registry import cluster, sentinel
from nsredis.registry.keyspace import Keyspace
from nsredis.registry.primary import CLASSES, Finder
from nsredis.registry.server_url import check_server_url
from nsredis.registry.store_url import Place, StoreUrl, describe

COMMAND_TIMEOUT_S: Final = 1.5
"""Bound of waiting for a reply."""

CALL_S: Final = 1.9
"""Bound of a command with all that it needs: every answer of a node leaves within 2 s whatever Redis does."""

BLOCKING_TIMEOUT_S: Final = 2.0
"""Bound of a blocking read; a silent connection is given up after it."""

_DRIVER_INFO: Final = DriverInfo(lib_version=client_version)  # or each new connection looks it up on disk

Command = Sequence[str | bytes | int]


@dataclass(frozen=True, slots=True)
class StoreLink:
    """Clients of one primary. `commands` never retries: redis-py's retry would execute a write twice."""

    commands: Redis
    blocking: Redis
    database: int
    description: str
    finder: Finder = field(default_factory=Finder)

    async def execute(self, *command: str | bytes | int) -> Any:
        """One command's reply; the client library's errors."""
        async with _bounded():
            return await self.commands.execute_command(*command)  # type: ignore[no-untyped-call]

    async def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands sent together on one connection; one that failed is its exception."""
        async with _bounded(), self.commands.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            return await pipe.execute(raise_on_error=False)

    async def block(self, *command: str | bytes | int) -> Any:
        """The reply of a command that waits, on a connection of its own."""
        return await self.blocking.execute_command(*command)  # type: ignore[no-untyped-call]

    def pubsub(self) -> PubSub:
        """A subscription connection to the primary that fires our lease keys' notifications."""
        return self.blocking.pubsub()

    @property
    def generation(self) -> int:
        """Another number whenever the primary may be another one: a subscription to the old one would hear nothing, and
        never break."""
        return self.finder.generation

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever another primary than before was connected to."""
        self.finder.on_move(listener)

    async def watch(self) -> None:
        """Notice for ever that the primary is another one, also while the old one still answers."""
        await self.finder.watch()

    async def close(self) -> None:
        """Close every connection."""
        await self.commands.aclose(close_connection_pool=True)
        await self.blocking.aclose(close_connection_pool=True)
        await self.finder.close()


def check_url(url: str) -> str:
    """The URL itself when a link can be made from it; InvalidField otherwise, without the password in its words."""
    parsed = StoreUrl.parse(url)
    check_server_url(parsed.server)
    _client(parsed.server, Finder(), 1.0, 1)
    if parsed.sentinel:
        _client(parsed.sentinel, None, 1.0, 1)
    return url


def open_link(url: str, namespace: str) -> StoreLink:
    """A link to the store at `url`, to the primary that owns the namespace's keys. Nothing is connected yet.

    InvalidField when the URL is not understood.
    """
    check_url(url)
    parsed = StoreUrl.parse(url)
    finder = _finder(parsed, Keyspace(namespace))
    commands = _client(parsed.server, finder, COMMAND_TIMEOUT_S, 32)
    database = int(commands.connection_pool.connection_kwargs.get("db") or 0)
    return StoreLink(commands, _client(parsed.server, finder, BLOCKING_TIMEOUT_S, 4), database, describe(url), finder)


def _finder(url: StoreUrl, keyspace: Keyspace) -> Finder:
    match url.kind:
        case "sentinel":
            ask = [_client(url.sentinel, None, sentinel.ANSWER_S, 2, place) for place in url.places]
            return sentinel.SentinelFinder(url.master, ask)
        case "cluster":

            def member(place: Place) -> Redis:
                return _client(url.server, None, cluster.ANSWER_S, 2, place)

            return cluster.ClusterFinder(keyspace.fixed["schema"], url.places, member)
        case _:
            return Finder()


def _client(url: str, finder: Finder | None, timeout_s: float, connections: int, place: Place | None = None) -> Redis:
    """A client that finds its server, or one of `place`, or of the URL's own host."""
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": connections,
        "timeout": timeout_s,
        "driver_info": _DRIVER_INFO,
    }
    try:
        options |= dict(parse_url(url))
        if place is not None:
            options["host"], options["port"] = place
        if finder is not None:
            options["finder"] = finder
            options["connection_class"] = CLASSES[options.get("connection_class", Connection)]
        pool = BlockingConnectionPool(**options)
        pool.make_connection()  # type: ignore[no-untyped-call]  # connects nothing; refuses unknown options
    except (ValueError, TypeError) as error:
        raise InvalidField("redis", str(error)) from None
    return Redis(connection_pool=pool)


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    """A time-out over all that a command needs, told as the client library tells its own."""
    try:
        async with asyncio.timeout(CALL_S):
            yield
    except TimeoutError:
        raise RedisTimeoutError("no answer in time") from None
