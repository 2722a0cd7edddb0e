"""What every answer has: our headers, errors as problems, and a count."""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from aiohttp import web

from nsredis import __version__
from nsredis.core.errors import NsredisError
from nsredis.http_api.endpoint import SERVICES
from nsredis.http_api.errors import Malformed, MethodNotAllowed, NoSuchPath, TooLarge, Unexpected
from nsredis.http_api.problems import problem, request_id
from nsredis.service.doors import Services

SERVER: Final = f"nsredis/{__version__}"

log = logging.getLogger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


Count = Callable[[int, float], None]
"""Counts an answer: its status, and the seconds that it took."""


class HttpObserver(Protocol):
    """Counts answers. Quick, never raises."""

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request of a route's pattern was answered."""

    def counter(self, route: str, method: str) -> Count:
        """What counts such requests as `answered` does."""


OBSERVER: Final[web.AppKey[HttpObserver]] = web.AppKey("observer", HttpObserver)


@web.middleware
async def counted(request: web.Request, handler: Next) -> web.StreamResponse:
    """Count the answer and how long it took."""
    started = time.monotonic()
    status = 499  # the reader went before there was an answer
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unmatched"
        request.app[OBSERVER].answered(route, request.method, status, time.monotonic() - started)


@web.middleware
async def problems(request: web.Request, handler: Next) -> web.StreamResponse:
    """Turn every error into a problem."""
    try:
        return await handler(request)
    except NsredisError as error:
        told = error
    except web.HTTPException as error:
        told = _of_the_router(error, request)
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        told = Unexpected("the name server failed; its log says why")
    return problem(told, request, request.app[SERVICES].queries.revision)


def _of_the_router(error: web.HTTPException, request: web.Request) -> NsredisError:
    match error:
        case web.HTTPNotFound():
            return NoSuchPath(f"there is no {request.path}")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return MethodNotAllowed(f"{error.method} is not a method of {request.path}; {allowed} are", allowed)
        case web.HTTPRequestEntityTooLarge():
            return TooLarge("the request is too large")
        case _:
            return Malformed(error.reason)


async def headed(request: web.Request, response: web.StreamResponse) -> None:
    """Put our headers on an answer that is about to be sent."""
    put_head(request.app[SERVICES], request, response)


def put_head(services: Services, request: web.BaseRequest, response: web.StreamResponse) -> None:
    """The headers that every answer has."""
    headers = response.headers
    headers["Server"] = SERVER
    headers["Nsredis-Revision"] = str(services.queries.revision)
    headers["Nsredis-Node"] = services.nodes.node_id
    headers["Nsredis-Stale-Ms"] = str(services.nodes.stale_ms())
    if (given := request_id(request)) is not None:
        headers["X-Request-Id"] = given
    if services.nodes.draining:
        headers["Connection"] = "close"  # the client's next request goes to another node
        response.force_close()
