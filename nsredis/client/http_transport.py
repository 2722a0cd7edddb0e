"""HTTP requests to name servers: which one is asked, and what its answers and failures mean."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from nsredis.client.errors import ApiProblem, ServerUnreachable
from nsredis.client.servers import server_urls

TIMEOUT_S: Final = 10.0
PAGE: Final = 1000

ELSEWHERE: Final = frozenset({"not-ready", "draining"})
"""Problems of one node, which another one may not have."""

T = TypeVar("T")
Query = Mapping[str, str | int | None] | Sequence[tuple[str, str | int | None]]


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """What an answer says, and its body as it came."""

    value: T
    body: bytes


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    next: str | None = None


class _Problem(msgspec.Struct):
    """What we use of a problem; a proxy's may have little of it."""

    detail: str = ""
    title: str = ""
    code: str = ""
    field: str = ""
    reason: str = ""


class HttpTransport:
    """Asks the first of some servers that answers, and stays with it. For one event loop.

    Every method raises ApiProblem when the server refuses, and ServerUnreachable when no server answers in `timeout_s`
    seconds. Every request may be repeated safely.
    """

    def __init__(
        self,
        servers: str | Iterable[str],
        *,
        timeout_s: float = TIMEOUT_S,
        connections: int = 100,
        name: str = "nsredis",
    ) -> None:
        self._servers = server_urls(servers)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._connections = connections
        self._name = name
        self._open: aiohttp.ClientSession | None = None

    @property
    def server(self) -> str:
        """The server that is asked first."""
        return self._servers[0]

    async def __aenter__(self) -> Self:
        self._open = aiohttp.ClientSession(
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(limit=self._connections),
            headers={"User-Agent": self._name},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session, self._open = self._open, None
        if session is not None:
            await session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session, for streams."""
        assert self._open is not None, "a client is used as `async with ApiClient(…) as client`"
        return self._open

    async def request(
        self, method: str, *path: str | int, query: Query = (), body: msgspec.Struct | dict[str, Any] | None = None
    ) -> bytes:
        """Ask for `/v1/` and the percent-encoded parts of `path`; the answer's body.

        Parts of `query` that are None are left out.
        """
        payload = msgspec.json.encode(body) if body is not None else None
        *others, last = self._servers
        for server in others:
            try:
                return await self._ask(server, method, path, query, payload)
            except ServerUnreachable:
                pass
            except ApiProblem as problem:
                if problem.code not in ELSEWHERE:
                    raise
            self.pass_over(server)
        return await self._ask(last, method, path, query, payload)

    def url(self, *path: str | int, query: Query = (), server: str = "") -> URL:
        """The URL of a path on a server, by default the one that is asked first."""
        parts = query.items() if isinstance(query, Mapping) else query
        text = urlencode([(name, value) for name, value in parts if value is not None], quote_via=quote, safe="")
        place = "/".join(quote(str(part), safe="") for part in ("v1", *path))
        return URL(f"{server or self.server}/{place}" + (f"?{text}" if text else ""), encoded=True)

    def pass_over(self, server: str) -> None:
        """Ask another server first from now on, if there is one and this one is still the first."""
        if self.server == server:
            self._servers.append(self._servers.pop(0))

    async def _ask(
        self, server: str, method: str, path: tuple[str | int, ...], query: Query, payload: bytes | None
    ) -> bytes:
        headers = {"Content-Type": "application/json"} if payload is not None else {}
        url = self.url(*path, query=query, server=server)
        try:
            async with self.session.request(
                method, url, data=payload, headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise problem_of(response, body)
                return body
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ServerUnreachable(server, why(error)) from error

    async def get(self, kind: type[T], *path: str | int, query: Query = ()) -> Reply[T]:
        """GET a body of this type."""
        return self.read(kind, await self.request("GET", *path, query=query))

    async def get_list(self, kind: type[T], *path: str | int, query: Query = ()) -> Reply[list[T]]:
        """GET all pages of a list; the body is one page with all items."""
        items: list[msgspec.Raw] = []
        parts = list(query.items() if isinstance(query, Mapping) else query)
        cursor: str | None = None
        while True:
            asked = [*parts, ("limit", PAGE), ("cursor", cursor)]
            page = self.read(_Page, await self.request("GET", *path, query=asked)).value
            items += page.items
            cursor = page.next
            if cursor is None:
                body = msgspec.json.encode({"items": items, "next": None})
                return Reply([self._decode(kind, bytes(item)) for item in items], body)

    def read(self, kind: type[T], body: bytes) -> Reply[T]:
        """An answer's body as this type."""
        return Reply(self._decode(kind, body), body)

    def _decode(self, kind: type[T], body: bytes) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise ServerUnreachable(self.server, f"what answers there is no name server ({error})") from error


def problem_of(response: aiohttp.ClientResponse, body: bytes) -> ApiProblem:
    """The problem in an answer, whoever wrote it."""
    try:
        told = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        told = _Problem()
    detail = told.detail or told.title or f"{response.url.origin()} answers {response.status} {response.reason or ''}"
    after = response.headers.get("Retry-After", "")
    return ApiProblem(
        response.status,
        told.code,
        detail.strip(),
        field=told.field,
        reason=told.reason,
        retry_after_s=float(after) if after.isascii() and after.isdigit() else None,
    )


def why(error: Exception) -> str:
    """A failed request in a few words."""
    if isinstance(error, TimeoutError):  # aiohttp's timeouts are also this
        return "it takes too long"
    if isinstance(error, aiohttp.ClientConnectorError):
        cause = error.os_error
        number = cause.errno or 0
        return os.strerror(number) if number > 0 else cause.strerror or str(cause)  # asyncio's words repeat the address
    return str(error) or type(error).__name__
