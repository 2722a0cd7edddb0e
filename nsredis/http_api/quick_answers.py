"""Answers to GETs of routes and of lists by the very bytes of the request, without parsing them again."""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from nsredis.core.errors import NsredisError
from nsredis.http_api.conditional import names, tags_named
from nsredis.http_api.keys import FIND
from nsredis.http_api.middleware import SERVER, Count, HttpObserver
from nsredis.service.doors import Services
from nsredis.view.answers import Answer

ROUTE: Final = "/v1/routes/{topic}"
KEPT: Final = 16_384
JOIN_BELOW: Final = 4096
"""Bytes of a body that is kept with its head, in one piece."""

LONGEST: Final = 1024
"""Bytes of a request that is remembered: what comes from a browser with its cookies is not."""


class _Asked:
    """What one request asks for, and its last answer, for as long as that is the same."""

    __slots__ = ("count", "end", "find", "head", "status", "tags", "whole")

    def __init__(self, count: Count, find: Callable[[], Answer | None], tags: frozenset[str]) -> None:
        self.count = count
        self.find = find
        self.tags = tags
        self.end = b""
        self.status = 0
        self.head = b""
        self.whole: tuple[bytes, bytes] | None = None
        """Head and body in one piece; None when that would be large."""


class QuickAnswers:
    """What GETs of routes and lists asked for that were answered before; not what they were answered.

    A request is remembered once the application has answered it with the very bytes that would be written here. So
    the headers need no rules, and the answer is always the one that the view holds. Nothing that is not a matter of
    the request's bytes and the view may decide about an answer: access rules by the peer's address would end this.
    """

    def __init__(self, services: Services, observer: HttpObserver) -> None:
        self._queries = services.queries
        self._nodes = services.nodes
        self._draining = services.nodes.drained.is_set
        self._observer = observer
        self._asked: OrderedDict[bytes, _Asked] = OrderedDict()
        self._counts: dict[str, Count] = {}
        self._end = b""
        self._end_of = (-1, "")
        self._good_until = 0.0

    def answer(self, request: bytes) -> tuple[bytes, bytes] | None:
        """The answer, in one or two pieces; it is counted as all others. None when the application must be asked."""
        asked = self._asked.get(request)
        if asked is None:
            return None
        started = monotonic()
        same = asked.end is self._end and started < self._good_until and self._queries.position is self._end_of
        found = asked.whole if same and not self._draining() else None
        if found is None:
            found = self._look(asked, started)
        if found is not None:
            asked.count(asked.status, monotonic() - started)
        return found

    def learn(self, raw: bytes, request: web.Request, response: web.StreamResponse) -> None:
        """Take note of what a request asked for, when this is what it would be answered here."""
        resource = request.match_info.route.resource
        find = self._finder(request, resource.canonical) if resource is not None else None
        if resource is None or find is None:
            return
        if len(raw) > LONGEST or "Expect" in request.headers:  # that is answered twice
            return
        asked = _Asked(self._count(resource.canonical), find, tags_named(request))
        found = self._look(asked, monotonic())
        if found is None or not isinstance(response, web.Response):
            return
        body = response.body or b""
        if isinstance(body, bytes) and b"".join(found) == _head(request, response) + body:
            if len(self._asked) >= KEPT:
                self._asked.popitem(last=False)
            self._asked[raw] = asked

    def _finder(self, request: web.Request, route: str) -> Callable[[], Answer | None] | None:
        """What finds the answer of a request in the view; None where more than that decides about it."""
        if route == ROUTE and not request.rel_url.raw_query_string:
            return partial(self._queries.route_at_hand, request.match_info["topic"])
        return request.get(FIND)

    def _count(self, route: str) -> Count:
        """One for all requests of a route."""
        count = self._counts.get(route)
        if count is None:
            count = self._counts[route] = self._observer.counter(route, "GET")
        return count

    def _look(self, asked: _Asked, now: float) -> tuple[bytes, bytes] | None:
        """What is to be sent; None where there is no answer, or more than the view decides about it."""
        if self._draining() or (now >= self._good_until and not self._begin_second(now)):
            return None
        if self._queries.position is not self._end_of:
            self._new_end()
        try:
            answer = asked.find()
        except NsredisError:  # there is no view any more
            return None
        return self._made(asked, answer) if answer is not None else None

    def _made(self, asked: _Asked, answer: Answer) -> tuple[bytes, bytes]:
        body = answer.body
        if asked.end is not self._end:
            asked.end = self._end
            if names(asked.tags, answer.etag):
                asked.status, start = 304, f"HTTP/1.1 304 Not Modified\r\nETag: {answer.etag}\r\n"
            else:
                start = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: {answer.etag}\r\n"
                asked.status, start = 200, f"{start}Content-Length: {len(body)}\r\n"
            asked.head = start.encode() + self._end
            if asked.status == 304:
                asked.whole = asked.head, b""
            else:
                asked.whole = (asked.head + body, b"") if len(body) < JOIN_BELOW else None
        return asked.whole or (asked.head, body)

    def _begin_second(self, now: float) -> bool:
        """Take note of the date, and of how long the view is sure to be fresh. False when it is not."""
        left_s = min(self._nodes.fresh_until() - now, 1 - time.time() % 1)
        if left_s <= 0:
            return False
        self._good_until = now + left_s
        self._new_end()
        return True

    def _new_end(self) -> None:
        """Make the headers anew that all answers of a second and a position of the view have."""
        self._end_of = self._queries.position
        lines = f"Date: {rfc822_formatted_time()}\r\nServer: {SERVER}\r\nNsredis-Revision: {self._end_of[0]}\r\n"
        lines += f"Nsredis-Node: {self._nodes.node_id}\r\nNsredis-Stale-Ms: 0\r\n\r\n"
        self._end = lines.encode()


def _head(request: web.Request, response: web.Response) -> bytes:
    """The head of an answer as aiohttp wrote it."""
    major, minor = request.version
    lines = [f"HTTP/{major}.{minor} {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
