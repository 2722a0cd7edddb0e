"""The HTTP door: endpoints put together into an aiohttp application."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from msgspec import UNSET

from nsredis.http_api.bodies import BodyLimits, check_media_type, decode_json, read_body
from nsredis.http_api.endpoint import SERVICES, Endpoint, Exchange, ReadQuery
from nsredis.http_api.errors import Malformed
from nsredis.http_api.handlers import (
    brake,
    brokers,
    convergence,
    explain,
    health,
    home,
    kv,
    namespace_settings,
    operations,
    registrations,
    routes,
    watch,
)
from nsredis.http_api.keys import METRICS_TEXT, NSADDR
from nsredis.http_api.memo import MEMO, RevisionMemo
from nsredis.http_api.middleware import OBSERVER, HttpObserver, counted, headed, problems
from nsredis.http_api.openapi import DOCUMENT, document
from nsredis.http_api.queries import read_query
from nsredis.service.doors import Services

ENDPOINTS: Final[tuple[Endpoint, ...]] = tuple(
    endpoint.tagged(tag)
    for tag, module in (
        ("brokers", registrations),
        ("brokers", brokers),
        ("routes", routes),
        ("routes", watch),
        ("configuration", kv),
        ("configuration", namespace_settings),
        ("operations", operations),
        ("operations", explain),
        ("operations", convergence),
        ("operations", brake),
        ("health", health),
        ("documents", home),
    )
    for endpoint in module.ENDPOINTS
)


_PARAMETER: Final = re.compile(r"{(\w+)}")
_PATTERNS: Final = {"brokerId": "(?!override$)[^/]+"}
"""What a part of a path may be, where that is not anything: beside the ids of a group stands its override."""


def build_app(
    services: Services,
    observer: HttpObserver,
    metrics_text: Callable[[], bytes],
    *,
    limits: BodyLimits,
    nsaddr: str = "",
) -> web.Application:
    """The application. `nsaddr`: what /rocketmq/nsaddr answers; empty: the ready nodes' own addresses."""
    # The limit of aiohttp itself is one byte more, so that the error is always ours.
    app = web.Application(middlewares=[counted, problems], client_max_size=limits.body + 1)
    app[SERVICES] = services
    app[OBSERVER] = observer
    app[METRICS_TEXT] = metrics_text
    app[NSADDR] = nsaddr
    app[MEMO] = RevisionMemo()
    app[DOCUMENT] = document(ENDPOINTS)
    app.on_response_prepare.append(headed)
    for endpoint in ENDPOINTS:
        path = _PARAMETER.sub(lambda part: f"{{{part[1]}:{_PATTERNS.get(part[1], '[^/]+')}}}", endpoint.path)
        handler = _handler(endpoint, limits)
        if endpoint.method == "GET":
            app.router.add_get(path, handler, allow_head=not endpoint.streams)
        else:
            app.router.add_route(endpoint.method, path, handler)
    return app


def _handler(endpoint: Endpoint, limits: BodyLimits) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    reads = endpoint.reads or endpoint.body

    async def handle(request: web.Request) -> web.StreamResponse:
        exchange = Exchange(
            request.app[SERVICES], request, read_query(request.rel_url, endpoint.query, endpoint.multiple)
        )
        if reads is not None:
            raw = await read_body(request, limits)
            if raw:
                check_media_type(request)
                exchange.body = decode_json(raw, reads)
            elif not endpoint.body_optional:
                raise Malformed("a JSON body is required")
        if isinstance(exchange.query, ReadQuery):
            await _reach(exchange, exchange.query)
        return await endpoint.handle(exchange)

    return handle


async def _reach(exchange: Exchange, query: ReadQuery) -> None:
    """Wait until the view is as new as the reader needs it."""
    strong = query.consistency == "strong"
    revision = None if query.min_revision is UNSET else query.min_revision
    if strong or revision is not None:
        await exchange.services.queries.at_least(revision=revision, strong=strong)
