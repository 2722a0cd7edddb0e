"""Answers to GETs of a route by the very bytes of the request, without parsing them again."""

import time
from collections import OrderedDict
from typing import Final

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time

from nsredis.http_api.conditional import names, tags_named
from nsredis.http_api.middleware import SERVER, HttpObserver
from nsredis.service.doors import Services
from nsredis.view.answers import Answer

ROUTE: Final = "/v1/routes/{topic}"
KEPT: Final = 16_384
LONGEST: Final = 1024
"""Bytes of a request that is remembered: what comes from a browser with its cookies is not."""


class QuickAnswers:
    """What GETs of a route asked for that were answered before; not what they were answered.

    A request is remembered once the application has answered it with the very bytes that would be written here. So
    the headers need no rules, and the answer is always the one that the view holds. Nothing that is not a matter of
    the request's bytes and the view may decide about an answer: access rules by the peer's address would end this.
    """

    def __init__(self, services: Services, observer: HttpObserver) -> None:
        self._queries = services.queries
        self._nodes = services.nodes
        self._observer = observer
        self._asked: OrderedDict[bytes, tuple[str, frozenset[str]]] = OrderedDict()
        self._ends: tuple[str, int] = ("", -1)
        self._end = b""

    def answer(self, request: bytes) -> tuple[bytes, bytes] | None:
        """Head and body of the answer, which is counted as all others; None when the application must be asked."""
        asked = self._asked.get(request)
        if asked is None:
            return None
        started = time.monotonic()
        found = self._look(*asked)
        if found is None:
            return None
        status, head, body = found
        self._observer.answered(ROUTE, "GET", status, time.monotonic() - started)
        return head, body

    def learn(self, raw: bytes, request: web.Request, response: web.StreamResponse) -> None:
        """Take note of what a request asked for, when this is what it would be answered here."""
        resource = request.match_info.route.resource
        if resource is None or resource.canonical != ROUTE or request.rel_url.raw_query_string:
            return
        if len(raw) > LONGEST or "Expect" in request.headers:  # that is answered twice
            return
        asked = (request.match_info["topic"], tags_named(request))
        found = self._look(*asked)
        if found is None or not isinstance(response, web.Response):
            return
        _, head, body = found
        if head == _head(request, response) and body == (response.body or b""):
            if len(self._asked) >= KEPT:
                self._asked.popitem(last=False)
            self._asked[raw] = asked

    def _look(self, topic: str, tags: frozenset[str]) -> tuple[int, bytes, bytes] | None:
        """Status, head and body; None where there is no answer, or more than the view decides about it."""
        answer = self._queries.route_at_hand(topic)
        if answer is None or self._nodes.draining or self._nodes.stale_ms():
            return None
        if names(tags, answer.etag):
            return 304, self._not_modified(answer), b""
        return 200, self._whole(answer), answer.body

    def _whole(self, answer: Answer) -> bytes:
        start = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: %s\r\nContent-Length: %d\r\n"
        return (start % (answer.etag, len(answer.body))).encode() + self._common_end()

    def _not_modified(self, answer: Answer) -> bytes:
        return f"HTTP/1.1 304 Not Modified\r\nETag: {answer.etag}\r\n".encode() + self._common_end()

    def _common_end(self) -> bytes:
        """The headers that all answers of a second and a revision have."""
        ends = (rfc822_formatted_time(), self._queries.revision)
        if ends != self._ends:
            lines = f"Date: {ends[0]}\r\nServer: {SERVER}\r\nNsredis-Revision: {ends[1]}\r\n"
            lines += f"Nsredis-Node: {self._nodes.node_id}\r\nNsredis-Stale-Ms: 0\r\n\r\n"
            self._ends, self._end = ends, lines.encode()
        return self._end


def _head(request: web.Request, response: web.Response) -> bytes:
    """The head of an answer as aiohttp wrote it."""
    major, minor = request.version
    lines = [f"HTTP/{major}.{minor} {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
