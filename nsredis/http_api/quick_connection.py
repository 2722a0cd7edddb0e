"""Connections that answer a request which they know without aiohttp's machinery, where that is sure to be safe."""

import inspect
import logging
from typing import Any, Final

import aiohttp
from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from nsredis.http_api.quick_answers import QuickAnswers

log = logging.getLogger(__name__)

KNOWN_RELEASES: Final = ("3.14.",)
"""Releases of aiohttp whose connections were read closely; with others all is answered the plain way."""

USED: Final = frozenset(
    {
        "_close",
        "_force_close",
        "_keepalive_timeout",
        "_loop",
        "_manager",
        "_messages",
        "_next_keepalive_close_time",
        "_paused",
        "_request_count",
        "_upgraded",
        "transport",
    }
)
"""What is used of their insides."""

HEAD_END: Final = b"\r\n\r\n"


def aiohttp_is_known(release: str = aiohttp.__version__) -> bool:
    """Whether aiohttp's connections are built as those that this was written for."""
    there = {*RequestHandler.__slots__, *BaseProtocol.__slots__}
    finish = inspect.signature(RequestHandler.finish_response)
    fits = there >= USED and [*finish.parameters] == ["self", "request", "resp", "start_time"]
    if not (fits and release.startswith(KNOWN_RELEASES)):
        log.warning("aiohttp %s is none that this release knows: routes are answered over HTTP, but slowly", release)
        return False
    return True


class QuickConnection(RequestHandler):
    """Answers known requests at once, as long as each read was exactly one whole GET without a body.

    The first read that is anything else ends that for this connection: what follows may belong to it, and bytes that
    look like a known request may be the rest of another one.
    """

    def __init__(self, *args: Any, quick: QuickAnswers, **options: Any) -> None:
        super().__init__(*args, **options)
        self._quick = quick
        self._only_gets = True
        self._at_rest = True
        """Whether all that came is answered, and more may come. aiohttp may have yet to come round and wait for it."""
        self._learning: bytes | None = None

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if not self._only_gets:
            super().data_received(data)
            return
        at_rest = self._at_rest and not self._close and not self._force_close
        answer = self._quick.answer(data) if at_rest and not self._paused else None
        if answer is None:
            self._receive_plainly(data, at_rest=at_rest)
            return
        head, body = answer
        transport, manager = self.transport, self._manager
        assert transport is not None
        assert manager is not None
        if body:
            transport.writelines((head, body))
        else:
            transport.write(head)
        self._request_count += 1
        manager.requests_count += 1
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    def _receive_plainly(self, data: bytes, *, at_rest: bool) -> None:
        count = self._request_count
        self._at_rest = False
        super().data_received(data)
        self._only_gets = (
            data.startswith(b"GET ")
            and data.find(HEAD_END) == len(data) - len(HEAD_END)
            and self._request_count == count + 1
            and not self._upgraded
            and bool(self._messages)
        )
        if self._only_gets:
            message, payload = self._messages[-1]
            if isinstance(message, _ErrInfo) or payload is not EMPTY_PAYLOAD:
                self._only_gets = False
            elif at_rest:
                self._learning = data

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, remember what was asked, and see whether the connection is at rest: no body can be left to
        read, so aiohttp will wait for the next request just where the answer keeps the connection.
        """
        raw, self._learning = self._learning, None
        sent, reset = await super().finish_response(request, resp, start_time)
        self._at_rest = bool(sent.keep_alive) and not reset and not self._messages
        if raw is not None and isinstance(request, web.Request) and raw.startswith(b"GET %b " % _target(request)):
            self._quick.learn(raw, request, sent)
        return sent, reset


def _target(request: web.Request) -> bytes:
    return request.raw_path.encode("utf-8", "surrogateescape")
