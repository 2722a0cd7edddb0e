"""Who is there."""

from typing import Annotated, Any, Final, Literal

from aiohttp import web
from msgspec import Meta

from nsredis.core.brokers import Broker, BrokerKey, OfflineBroker
from nsredis.core.errors import NotFound
from nsredis.core.names import check_broker_id
from nsredis.http_api import conditional, shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ListQuery, ReadQuery
from nsredis.http_api.memo import MEMO
from nsredis.http_api.paging import page
from nsredis.view.answers import Answer
from nsredis.wire.api_types import BrokerInfo, BrokersAnswer

Live = Annotated[Literal["0", "1"], Meta(description="1: with what Redis knows of the lease now; then no ETag")]


class BrokersQuery(ListQuery):
    """A page of brokers."""

    live: Live = "0"


class BrokerQuery(ReadQuery):
    """One broker."""

    live: Live = "0"


def _info(exchange: Exchange, broker: Broker | OfflineBroker) -> BrokerInfo:
    group = exchange.services.queries.group(broker.name) if isinstance(broker, Broker) else None
    return shapes.broker_info(broker, group.override if group is not None else None)


def _place(broker: Broker | OfflineBroker) -> tuple[str, str, int]:
    return broker.cluster, broker.name, broker.id


def _page(exchange: Exchange) -> tuple[list[Broker | OfflineBroker], str | None]:
    path, query = exchange.request.match_info, exchange.query
    cluster, name = path.get("cluster", ""), path.get("brokerName", "")
    found = exchange.services.queries.brokers(cluster, name)
    if not found and cluster:
        raise NotFound(f"no broker {name} in cluster {cluster}" if name else f"no broker in cluster {cluster}")
    return page(found, _place, limit=query.limit, cursor=query.cursor, kind=tuple[str, str, int])


async def list_brokers(exchange: Exchange) -> web.Response:
    """Brokers of all clusters, of one, or of one group."""

    def build() -> Answer:
        items, following = _page(exchange)
        return shapes.encode(BrokersAnswer([_info(exchange, broker) for broker in items], following))

    if exchange.query.live == "1":
        items, following = _page(exchange)
        return await _live(exchange, items, {"next": following})
    queries = exchange.services.queries
    key = ("brokers", exchange.request.raw_path)
    return await conditional.answer(
        exchange, lambda: exchange.request.app[MEMO].get(queries.position, key, build), ["brokers"]
    )


async def one_broker(exchange: Exchange) -> web.Response:
    """One broker."""
    key = BrokerKey(exchange.path("brokerName"), check_broker_id("brokerId", exchange.path("brokerId")))

    def find() -> Broker | OfflineBroker:
        return exchange.services.queries.broker(exchange.path("cluster"), key)

    if exchange.query.live == "1":
        return await _live(exchange, [find()], None)
    return await conditional.answer(exchange, lambda: shapes.encode(_info(exchange, find())), ["brokers"])


async def _live(
    exchange: Exchange, brokers: list[Broker | OfflineBroker], list_fields: dict[str, Any] | None
) -> web.Response:
    online = [broker for broker in brokers if isinstance(broker, Broker)]
    leases = await exchange.services.brokers.leases(online) if online else {}
    items = [shapes.with_lease(_info(exchange, broker), broker.key, leases) for broker in brokers]
    content = items[0] if list_fields is None else {"items": items, **list_fields}
    return web.Response(body=Answer.of(content).body, content_type="application/json")


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/brokers",
        list_brokers,
        "List the brokers, online and offline",
        {200: BrokersAnswer},
        query=BrokersQuery,
        conditional=True,
    ),
    Endpoint(
        "GET",
        "/v1/brokers/{cluster}",
        list_brokers,
        "List a cluster's brokers",
        {200: BrokersAnswer, 404: None},
        query=BrokersQuery,
        conditional=True,
    ),
    Endpoint(
        "GET",
        "/v1/brokers/{cluster}/{brokerName}",
        list_brokers,
        "List a group's brokers",
        {200: BrokersAnswer, 404: None},
        query=BrokersQuery,
        conditional=True,
    ),
    Endpoint(
        "GET",
        "/v1/brokers/{cluster}/{brokerName}/{brokerId}",
        one_broker,
        "Show one broker",
        {200: BrokerInfo, 404: None},
        query=BrokerQuery,
        conditional=True,
    ),
)
