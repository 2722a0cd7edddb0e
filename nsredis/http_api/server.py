"""Listening: the application on its address, what is answered to what is no HTTP at all, and how it goes."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo
from aiohttp.web_server import Server

from nsredis.core.errors import NsredisError
from nsredis.http_api.endpoint import SERVICES
from nsredis.http_api.errors import ExpectationFailed, Malformed, TooSlow, Unexpected
from nsredis.http_api.middleware import OBSERVER, put_head
from nsredis.http_api.problems import problem
from nsredis.http_api.quick_answers import QuickAnswers
from nsredis.http_api.quick_connection import QuickConnection, aiohttp_is_known
from nsredis.service.doors import Services
from nsredis.sockets.accepting import accept_for_ever, listen, take_no_more
from nsredis.sockets.caps import Caps, Place
from nsredis.sockets.seldom import Seldom

log = logging.getLogger(__name__)

MAX_URL: Final = 256 * 1024
"""Bytes: a thousand topics of the greatest length fit into one query."""

LINGER_S: Final = 2.0
"""How long the rest of a body that nobody wants is read, so that its sender gets to read the answer."""


AT_LEAST_S: Final = 0.001
"""aiohttp takes 0 for "wait without a limit"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """How many connections there may be (0: any number), and how long one may take or be idle."""

    connections: int = 0
    head_s: float = 30.0
    """How long the head of a request may take from its first byte."""
    idle_s: float = 120.0
    """How long a connection may be without a request, or its peer take nothing of an answer."""


class _Connection(RequestHandler):
    """A connection whose errors are problems like all others, even those that the application never sees."""

    def __init__(
        self, *args: Any, services: Services, head_s: float, ended: Callable[[], None], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._services = services
        self._head_s = head_s
        self._ended = ended
        self._head_timer: asyncio.TimerHandle | None = None
        self._stuck_timer: asyncio.TimerHandle | None = None
        self._going = False

    def data_received(self, data: bytes) -> None:
        """Bytes came: of a head, which has its time to be complete, or of a body."""
        count = self._request_count
        super().data_received(data)
        if self._request_count != count:
            self._stop_head_timer()
        elif self._head_timer is None and (self._waiter is not None or not count):
            self._head_timer = self._loop.call_later(self._head_s, self._head_is_late)
            if self._keepalive_handle is not None:  # it counts from the last answer; the next one starts it again
                self._keepalive_handle.cancel()
                self._keepalive_handle = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is over."""
        self._stop_head_timer()
        self._stop_stuck_timer()
        self._ended()
        super().connection_lost(exc)

    def close(self) -> None:
        """Take no further request; one whose body is still on its way is read and answered first."""
        if self._takes_body():  # aiohttp would drop the rest of it
            self._going = True
        else:
            super().close()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; the last one where this connection was to be closed meanwhile."""
        if self._going:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """Close within `timeout` seconds, so that a request that runs is answered if it is ready by then."""
        if timeout is not None and self._takes_body() and self._task_handler is not None:
            began = self._loop.time()
            await asyncio.wait({self._task_handler}, timeout=timeout)
            timeout = max(timeout - (self._loop.time() - began), AT_LEAST_S)
        await super().shutdown(timeout)

    def _takes_body(self) -> bool:
        return self._current_request is not None and not self._current_request.content.is_eof()

    def pause_writing(self) -> None:
        """The peer takes an answer more slowly than it is given: it must go on, however slowly."""
        super().pause_writing()
        self._look_later(self._left())

    def resume_writing(self) -> None:
        """The peer has taken nearly all."""
        self._stop_stuck_timer()
        super().resume_writing()

    def _left(self) -> int:
        """Bytes that the peer has yet to take."""
        return self.transport.get_write_buffer_size() if self.transport is not None else 0

    def _look_later(self, left: int) -> None:
        self._stuck_timer = self._loop.call_later(self._keepalive_timeout, self._look, left)

    def _look(self, left_before: int) -> None:
        if self.transport is None:
            return
        left = self._left()
        if left < left_before:
            self._look_later(left)
        else:  # aiohttp would wait for ever
            self.transport.abort()

    def _stop_stuck_timer(self) -> None:
        if self._stuck_timer is not None:
            self._stuck_timer.cancel()
            self._stuck_timer = None

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._waiter is None or self._waiter.done():
            return
        words = f"the head of the request was not complete within {self._head_s:g} s"
        late = _ErrInfo(status=408, exc=HttpProcessingError(code=408, message=words), message=words)
        self._messages.append((late, EMPTY_PAYLOAD))
        self._waiter.set_result(None)

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
        words = (message or "").strip().partition("\n")[0].rstrip(": ")
        told: NsredisError
        if status >= 500:
            told = Unexpected("the name server failed; its log says why")
        elif status == 408:
            told = TooSlow(words)
        else:
            told = Malformed(f"the request is not HTTP as it should be: {words}")
        response = problem(told, request, self._services.queries.revision)
        put_head(self._services, request, response)
        response.force_close()
        return response


class _QuickConnection(QuickConnection, _Connection):
    """Such a connection that answers known requests without aiohttp's machinery."""


class _Server(Server):
    """Makes such connections."""

    def __init__(self, plain: Server, services: Services, head_s: float, quick: QuickAnswers | None) -> None:
        options = plain._kwargs  # noqa: SLF001 - aiohttp has no other way to name the class of its connections
        answer = _with_problems(plain.request_handler, services)
        super().__init__(answer, request_factory=plain.request_factory, **options)
        self._services = services
        self._head_s = head_s
        self._quick = quick

    def connection(self, ended: Callable[[], None]) -> RequestHandler:
        """A connection; `ended` is called when it is over."""
        options = {
            "loop": self._loop,
            "services": self._services,
            "head_s": self._head_s,
            "ended": ended,
            **self._kwargs,
        }
        if self._quick is None:
            return _Connection(self, **options)
        return _QuickConnection(self, quick=self._quick, **options)


def _with_problems(
    answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], services: Services
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """What aiohttp refuses before any middleware: expectations other than 100-continue."""

    async def answer_or_refuse(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await answer(request)
        except web.HTTPExpectationFailed:
            told = ExpectationFailed("Expect may only be 100-continue")
        return problem(told, request, services.queries.revision)

    return answer_or_refuse


class _Runner(web.AppRunner):
    """aiohttp's runner with that server."""

    def __init__(self, app: web.Application, *, head_s: float, **options: Any) -> None:
        super().__init__(app, **options)
        self._head_s = head_s

    async def _make_server(self) -> Server:
        services = self.app[SERVICES]
        quick = QuickAnswers(services, self.app[OBSERVER]) if aiohttp_is_known() else None
        return _Server(await super()._make_server(), services, self._head_s, quick)


class HttpServer:
    """One listening address. Bodies come as they were sent: this API inflates them itself, within its limits."""

    def __init__(self, app: web.Application, limits: HttpLimits, *, drain_s: float) -> None:
        self._runner = _Runner(
            app,
            head_s=limits.head_s,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=limits.idle_s,
            lingering_time=LINGER_S,
            max_line_size=MAX_URL,
            shutdown_timeout=max(drain_s, AT_LEAST_S),
        )
        self._caps = Caps(limits.connections, 0)
        self._refusals = Seldom(log, logging.WARNING)
        self._listeners: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._opened: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int, *, shared: bool = False) -> tuple[str, int]:
        """Listen; the address, with the port that was free when `port` is 0. OSError. `shared`: see `listen`."""
        await self._runner.setup()
        self._listeners = await listen(host, port, shared=shared)
        for listener in self._listeners:
            self._accepting.append(asyncio.create_task(accept_for_ever(listener, self._taken)))
        bound = self._listeners[0].getsockname()
        return bound[0], bound[1]

    async def stop(self) -> None:
        """Take no new connection, let running requests finish for the time of the drain, then cut them off."""
        await take_no_more(self._accepting, self._listeners)
        if self._opened:
            await asyncio.wait(self._opened)
        await self._runner.cleanup()

    def _taken(self, sock: socket.socket, host: str, _: int) -> None:
        """A connection was accepted."""
        place = self._caps.take()
        if place is None:
            sock.close()
            self._refusals.tell("a connection from %s was refused: there are too many connections", host)
            return
        task = asyncio.create_task(self._open(sock, place))
        self._opened.add(task)
        task.add_done_callback(self._opened.discard)

    async def _open(self, sock: socket.socket, place: Place) -> None:
        """Hand the socket to a transport, which closes it."""
        server = self._runner.server
        assert isinstance(server, _Server)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: server.connection(place.leave), sock)
        except OSError:  # reset before it spoke
            sock.close()
            place.leave()
