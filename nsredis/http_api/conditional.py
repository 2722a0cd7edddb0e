"""Answers with an ETag: 304 when the reader has the body already, and waiting until it changes (long poll)."""

import re
import time
from collections.abc import Callable, Iterable
from typing import Final

from aiohttp import web

from nsredis.core.errors import NotFound
from nsredis.http_api.endpoint import Exchange
from nsredis.http_api.problems import problem
from nsredis.view.answers import Answer

ABSENT: Final = '"absent"'
"""The ETag of a 404: what is not there can be waited for."""

MAX_WAIT_S: Final = 60.0
LOOK_S: Final = 5.0
"""How often a waiting answer looks whether its reader is still there."""

_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


def wait_s(request: web.Request) -> float:
    """The seconds of `Prefer: wait=`, at most 60; 0 when the reader does not want to wait."""
    found = _WAIT.search(",".join(request.headers.getall("Prefer", ())))
    return min(float(found[1]), MAX_WAIT_S) if found else 0.0


def tags_named(request: web.BaseRequest) -> frozenset[str]:
    """The ETags of If-None-Match; `*` as it stands there."""
    given = ",".join(request.headers.getall("If-None-Match", ()))
    return frozenset("*") if given.strip() == "*" else frozenset(_TAG.findall(given))


def names(tags: frozenset[str], etag: str) -> bool:
    """Whether this ETag is among those; `*` names every state but absence."""
    return etag in tags or ("*" in tags and etag != ABSENT)


def matches(request: web.Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag."""
    return names(tags_named(request), etag)


async def answer(exchange: Exchange, build: Callable[[], Answer], scopes: Iterable[str]) -> web.Response:
    """The body that `build` gives, as it is or, if the reader has it and wants to wait, as soon as it differs.

    `scopes`: what to be told of while waiting. A NotFound of `build` is a state like others.
    """
    request = exchange.request
    body, etag = _look(exchange, build)
    patience_s = wait_s(request)
    if patience_s and matches(request, etag):
        body, etag = await _wait(exchange, build, scopes, patience_s)
    if matches(request, etag):
        response = web.Response(status=304)
    elif isinstance(body, NotFound):
        response = problem(body, request, exchange.services.queries.revision)
    else:
        response = web.Response(body=body.body, content_type="application/json")
    response.headers["ETag"] = etag
    if patience_s:
        response.headers["Preference-Applied"] = f"wait={patience_s:.0f}"
    return response


def _look(exchange: Exchange, build: Callable[[], Answer]) -> tuple[Answer | NotFound, str]:
    try:
        found = build()
    except NotFound as error:
        return error, ABSENT
    return found, found.etag


async def _wait(
    exchange: Exchange, build: Callable[[], Answer], scopes: Iterable[str], patience_s: float
) -> tuple[Answer | NotFound, str]:
    """What there is when it differs from what the reader has, or when patience ends, or this node goes."""
    ends = time.monotonic() + patience_s
    request = exchange.request
    hearing = exchange.services.queries.subscribe(scopes)
    try:
        while True:
            body, etag = _look(exchange, build)  # after subscribing, so that no change falls in between
            left_s = ends - time.monotonic()
            gone = request.transport is None or request.transport.is_closing()
            if left_s <= 0 or gone or exchange.services.nodes.draining or not matches(request, etag):
                return body, etag
            await hearing.wait(min(left_s, LOOK_S))
    finally:
        hearing.close()
