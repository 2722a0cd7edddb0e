"""Listening: the application on its address, what is answered to what is no HTTP at all, and how it goes."""

import logging
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from nsredis.http_api.endpoint import SERVICES
from nsredis.http_api.errors import Malformed, Unexpected
from nsredis.http_api.middleware import OBSERVER, put_head
from nsredis.http_api.problems import problem
from nsredis.http_api.quick_answers import QuickAnswers
from nsredis.http_api.quick_connection import QuickConnection, aiohttp_is_known
from nsredis.service.doors import Services

log = logging.getLogger(__name__)

MAX_URL: Final = 256 * 1024
"""Bytes: a thousand topics of the greatest length fit into one query."""


class _Connection(RequestHandler):
    """A connection whose errors are problems like all others, even those that the application never sees."""

    def __init__(self, *args: Any, services: Services, **options: Any) -> None:
        super().__init__(*args, **options)
        self._services = services

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that could not be read, or that failed outside the application."""
        if status >= 500:
            log.error("a request from %s failed", request.remote, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        if status < 500:
            words = (message or "").strip().partition("\n")[0].rstrip(": ")
            response = problem(Malformed(f"the request is not HTTP as it should be: {words}"), request, 0)
        else:
            response = problem(Unexpected("the name server failed; its log says why"), request, 0)
        put_head(self._services, request, response)
        response.force_close()
        return response


class _QuickConnection(QuickConnection, _Connection):
    """Such a connection that answers known requests without aiohttp's machinery."""


class _Server(Server):
    """Makes such connections."""

    def __init__(self, plain: Server, services: Services, quick: QuickAnswers | None) -> None:
        options = plain._kwargs  # noqa: SLF001 - aiohttp has no other way to name the class of its connections
        super().__init__(plain.request_handler, request_factory=plain.request_factory, **options)
        self._services = services
        self._quick = quick

    def __call__(self) -> RequestHandler:
        options = {"loop": self._loop, "services": self._services, **self._kwargs}
        return (
            _Connection(self, **options)
            if self._quick is None
            else _QuickConnection(self, quick=self._quick, **options)
        )


class _Runner(web.AppRunner):
    """aiohttp's runner with that server."""

    async def _make_server(self) -> Server:
        services = self.app[SERVICES]
        quick = QuickAnswers(services, self.app[OBSERVER]) if aiohttp_is_known() else None
        return _Server(await super()._make_server(), services, quick)


class HttpServer:
    """One listening address. Bodies come as they were sent: this API inflates them itself, within its limits."""

    def __init__(self, app: web.Application, *, drain_s: float) -> None:
        at_least_s = 0.001  # aiohttp takes 0 for "wait without a limit"
        self._runner = _Runner(
            app,
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_URL,
            shutdown_timeout=max(drain_s, at_least_s),
        )

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; the address, with the port that was free when `port` is 0. OSError."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound: tuple[str, int] = self._runner.addresses[0][:2]
        return bound

    async def stop(self) -> None:
        """Take no new connection, let running requests finish for the time of the drain, then cut them off."""
        await self._runner.cleanup()
