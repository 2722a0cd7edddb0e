"""The one place that knows how the store is reached: standalone over TCP, TLS or a unix socket.

Everything above sees a `StoreLink`: the primary that owns the namespace's slot, however it is found. Sentinel and
Cluster come as further ways to build one.
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from redis import DriverInfo
from redis import __version__ as client_version
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from nsredis.core.errors import InvalidField
from nsredis.registry.server_url import check_server_url

COMMAND_TIMEOUT_S: Final = 1.5
"""Bound of a command: every answer of a node leaves within 2 s whatever Redis does."""

BLOCKING_TIMEOUT_S: Final = 2.0
"""Bound of a blocking read; a silent connection is given up after it."""

_DRIVER_INFO: Final = DriverInfo(lib_version=client_version)  # or each new connection looks it up on disk


@dataclass(frozen=True, slots=True)
class StoreLink:
    """Clients of one primary. `commands` never retries: redis-py's retry would execute a write twice."""

    commands: Redis
    blocking: Redis
    database: int
    description: str

    async def execute(self, *command: str | bytes | int) -> Any:
        """One command's reply; the client library's errors."""
        return await self.commands.execute_command(*command)  # type: ignore[no-untyped-call]

    async def block(self, *command: str | bytes | int) -> Any:
        """The reply of a command that waits, on a connection of its own."""
        return await self.blocking.execute_command(*command)  # type: ignore[no-untyped-call]

    def pubsub(self) -> PubSub:
        """A subscription connection to the primary that fires our lease keys' notifications."""
        return self.blocking.pubsub()

    async def close(self) -> None:
        """Close every connection."""
        await self.commands.aclose(close_connection_pool=True)
        await self.blocking.aclose(close_connection_pool=True)


def check_url(url: str) -> str:
    """The URL itself when it is understood; InvalidField otherwise, without the password in its words."""
    check_server_url(url)
    return url


def open_link(url: str) -> StoreLink:
    """A link to the store at `url`. Nothing is connected yet. InvalidField when the URL is not understood."""
    check_url(url)

    def client(timeout_s: float, connections: int) -> Redis:
        options: dict[str, Any] = {
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), 0),
            "max_connections": connections,
            "timeout": timeout_s,
            "driver_info": _DRIVER_INFO,
        }
        try:
            pool = BlockingConnectionPool.from_url(url, **options)
            pool.make_connection()  # type: ignore[no-untyped-call]  # connects nothing; refuses unknown options
        except (ValueError, TypeError) as error:
            raise InvalidField("redis", str(error)) from None
        return Redis(connection_pool=pool)

    commands = client(COMMAND_TIMEOUT_S, 32)
    database = int(commands.connection_pool.connection_kwargs.get("db") or 0)
    return StoreLink(commands, client(BLOCKING_TIMEOUT_S, 4), database, describe(url))


def describe(url: str) -> str:
    """The URL without its user and password, to print."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"
