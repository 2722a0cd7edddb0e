"""The expiry brake: whom it holds, and letting them go."""

from typing import Final

from aiohttp import web

from nsredis.http_api import conditional, shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ListQuery
from nsredis.http_api.paging import page
from nsredis.view.answers import Answer
from nsredis.wire.api_types import RevisionAnswer
from nsredis.wire.brake_types import BrakesAnswer


async def brakes(exchange: Exchange) -> web.Response:
    """Where the brake is engaged."""

    def build() -> Answer:
        found, query = exchange.services.queries.brakes(), exchange.query
        items, following = page(found, lambda brake: brake.cluster, limit=query.limit, cursor=query.cursor)
        return shapes.encode(BrakesAnswer([shapes.brake_info(brake) for brake in items], following))

    return await conditional.answer(exchange, build, ["brakes", "brokers"])


async def release(exchange: Exchange) -> web.Response:
    """Let go who is held in a cluster."""
    revision = await exchange.services.admin.release_brake(exchange.path("cluster"), by=exchange.by)
    return web.Response(body=shapes.encode(RevisionAnswer(revision)).body, content_type="application/json")


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/brake",
        brakes,
        "List the clusters in which the expiry brake holds brokers",
        {200: BrakesAnswer},
        query=ListQuery,
        conditional=True,
    ),
    Endpoint(
        "POST",
        "/v1/brake/{cluster}/release",
        release,
        "Let go the brokers that the brake holds in a cluster",
        {200: RevisionAnswer, 404: None},
    ),
)
