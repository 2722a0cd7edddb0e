"""What operators do and ask: overrides, recent changes, nodes."""

from typing import Annotated, Final

from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from nsredis.core.errors import InvalidField
from nsredis.http_api import shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ListQuery, ReadQuery
from nsredis.http_api.paging import page
from nsredis.http_api.replicas import replicas
from nsredis.wire.api_types import (
    MAX_INT64,
    EventsAnswer,
    OverrideBody,
    RevisionAnswer,
)
from nsredis.wire.node_types import NodesAnswer

OVERRIDE: Final = "/v1/brokers/{cluster}/{brokerName}/override"


async def set_override(exchange: Exchange) -> web.Response:
    """Limit a group."""
    body: OverrideBody = exchange.body
    written = await exchange.services.admin.set_override(
        exchange.path("cluster"),
        exchange.path("brokerName"),
        perm=body.perm,
        reason=body.reason,
        expires_in_ms=body.expires_in_ms,
        by=exchange.by,
    )
    answer = shapes.encode(RevisionAnswer(written.revision))
    return web.Response(body=answer.body, content_type="application/json", headers=replicas(written))


async def lift_override(exchange: Exchange) -> web.Response:
    """Give a group its own permissions back."""
    written = await exchange.services.admin.lift_override(
        exchange.path("cluster"), exchange.path("brokerName"), by=exchange.by
    )
    return web.Response(status=204, headers=replicas(written))


class EventsQuery(ReadQuery):
    """Which changes."""

    after: Annotated[int, Meta(ge=0, le=MAX_INT64, description="the revision that the reader has")] | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    cursor: Annotated[str, Meta(max_length=20, description="the `next` of the page before")] = ""


async def events(exchange: Exchange) -> web.Response:
    """The recent changes."""
    query: EventsQuery = exchange.query
    after = None if query.after is UNSET else query.after
    if query.cursor:
        if not (query.cursor.isascii() and query.cursor.isdigit()):
            raise InvalidField("cursor", "must be the `next` of the page before")
        after = int(query.cursor)
    found = exchange.services.queries.changes(after, query.limit + 1)
    shown = found[: query.limit]
    following = str(shown[-1].revision) if len(found) > query.limit else None
    answer = shapes.encode(EventsAnswer(shapes.event_infos(shown), following))
    return web.Response(body=answer.body, content_type="application/json")


async def nodes(exchange: Exchange) -> web.Response:
    """The live nodes, and those that were lost."""
    found = exchange.services.nodes.nodes()
    items, following = page(found, lambda node: node.id, limit=exchange.query.limit, cursor=exchange.query.cursor)
    lost = [shapes.lost_node_info(node) for node in exchange.services.nodes.lost()]
    answer = shapes.encode(NodesAnswer([shapes.node_info(node) for node in items], following, lost))
    return web.Response(body=answer.body, content_type="application/json")


ENDPOINTS: Final = (
    Endpoint(
        "PUT",
        OVERRIDE,
        set_override,
        "Drain a group: leave it only some permissions",
        {200: RevisionAnswer, 404: None},
        body=OverrideBody,
    ),
    Endpoint("DELETE", OVERRIDE, lift_override, "Lift a group's override", {204: None, 404: None}),
    Endpoint("GET", "/v1/events", events, "List the recent changes", {200: EventsAnswer, 410: None}, query=EventsQuery),
    Endpoint("GET", "/v1/nodes", nodes, "List the live name server nodes", {200: NodesAnswer}, query=ListQuery),
)
