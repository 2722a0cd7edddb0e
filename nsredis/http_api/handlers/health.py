"""Whether a node lives and is ready, what it counts, and where RocketMQ's clients find name servers."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from aiohttp import web
from msgspec import Meta

from nsredis.core.errors import Draining, NotReady, Unavailable
from nsredis.http_api.endpoint import Endpoint, Exchange, Query
from nsredis.http_api.keys import METRICS_TEXT, NSADDR

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class AnyQuery(Query, forbid_unknown_fields=False):
    """Probes, scrapers and RocketMQ's clients add parameters of their own, which mean nothing here."""


class ReadyQuery(AnyQuery):
    """HAProxy leaves the connections of a server alone whose check says 404, and gives it no new ones."""

    draining: Annotated[
        Literal["404", "503"], Meta(description="the status while the node goes away and still serves")
    ] = "503"


async def livez(exchange: Exchange) -> web.Response:
    """The process answers; Redis is not looked at."""
    return web.Response(text="ok\n")


async def readyz(exchange: Exchange) -> web.Response:
    """Ready once there is a whole view, until this node goes; not merely because Redis is away from all nodes."""
    nodes = exchange.services.nodes
    reason = nodes.not_ready_reason()
    if nodes.draining and exchange.query.draining == "404":
        return web.Response(text=f"{reason}\n", status=HTTPStatus.NOT_FOUND)
    if reason is not None:
        raise Draining(reason) if nodes.draining else NotReady(reason)
    # Peers that cannot reach the store themselves ask whether this node can.
    return web.Response(text="ok\n", headers={"Nsredis-Unwritten-Ms": str(nodes.unwritten_ms())})


async def metrics(exchange: Exchange) -> web.Response:
    """What this node counts, for Prometheus."""
    return web.Response(body=exchange.request.app[METRICS_TEXT](), headers={"Content-Type": METRICS_TYPE})


async def nsaddr(exchange: Exchange) -> web.Response:
    """The name servers' remoting addresses, for RocketMQ's brokers and clients."""
    fixed = exchange.request.app[NSADDR]
    ready = [node.remoting for node in exchange.services.nodes.nodes() if node.ready and node.remoting]
    addresses = fixed or ";".join(dict.fromkeys(ready))
    if not addresses:
        raise Unavailable("no ready node serves the remoting protocol")
    return web.Response(text=addresses)


ENDPOINTS: Final = (
    Endpoint("GET", "/livez", livez, "Whether the process lives", {200: "text/plain"}, query=AnyQuery),
    Endpoint(
        "GET",
        "/readyz",
        readyz,
        "Whether the node should get traffic",
        {200: "text/plain", 404: "text/plain"},
        query=ReadyQuery,
    ),
    Endpoint("GET", "/metrics", metrics, "Metrics for Prometheus", {200: "text/plain"}, query=AnyQuery),
    Endpoint(
        "GET",
        "/rocketmq/nsaddr",
        nsaddr,
        "Remoting addresses of the ready nodes",
        {200: "text/plain"},
        query=AnyQuery,
    ),
    Endpoint(
        "GET",
        "/rocketmq/nsaddr-{unit}",
        nsaddr,
        "The same for clients that have a unit name",
        {200: "text/plain"},
        query=AnyQuery,
    ),
)
