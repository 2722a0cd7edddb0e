"""Which nodes have applied a change."""

from typing import Annotated, Final

from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from nsredis.http_api import shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, Query
from nsredis.wire.api_types import MAX_INT64
from nsredis.wire.convergence_types import ConvergenceAnswer, NodeProgress

MAX_WAIT_S: Final = 60


class ConvergenceQuery(Query):
    """Of what, and how long to wait for it."""

    revision: (
        Annotated[int, Meta(ge=0, le=MAX_INT64, description="by default the newest, asked from Redis")] | UnsetType
    ) = UNSET
    wait: Annotated[int, Meta(ge=0, le=MAX_WAIT_S, description="seconds to wait until all nodes have applied it")] = 0


async def convergence(exchange: Exchange) -> web.Response:
    """How far the nodes are, at once or when all are there."""
    query: ConvergenceQuery = exchange.query
    services, request = exchange.services, exchange.request

    def in_vain() -> bool:
        return services.nodes.draining or request.transport is None or request.transport.is_closing()

    revision = None if query.revision is UNSET else query.revision
    found = await services.convergence.reached(revision, wait_s=query.wait, give_up=in_vain)
    items = [
        NodeProgress(node.id, node.revision, node.lag_ms, node.ready, applied=applied) for node, applied in found.nodes
    ]
    answer = shapes.encode(ConvergenceAnswer(found.revision, found.converged, items))
    return web.Response(body=answer.body, content_type="application/json")


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/convergence",
        convergence,
        "Show which nodes have applied a revision, or wait until all have",
        {200: ConvergenceAnswer},
        query=ConvergenceQuery,
    ),
)
