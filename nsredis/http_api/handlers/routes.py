"""Routes, topics and clusters: what clients look up."""

from collections.abc import Callable
from typing import Annotated, Final

import orjson
from aiohttp import web
from msgspec import UNSET, Meta

from nsredis.core.errors import TopicNotFound
from nsredis.http_api import conditional, shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, ListQuery, Query, ReadQuery
from nsredis.http_api.keys import FIND
from nsredis.http_api.memo import MEMO
from nsredis.http_api.paging import page
from nsredis.http_api.replicas import replicas
from nsredis.view.answers import Answer
from nsredis.wire.api_types import MAX_TOPICS_ASKED, ClustersAnswer, RouteAnswer, RoutesAnswer, TopicsAnswer

Zone = Annotated[str, Meta(max_length=255, description="keep the routes of this zone")]
Cluster = Annotated[str, Meta(min_length=1)]
Topics = Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(min_length=1, max_length=MAX_TOPICS_ASKED)]


class RouteQuery(ReadQuery):
    """One route."""

    zone: Zone = ""


class RoutesQuery(ReadQuery, kw_only=True):
    """Many routes."""

    topic: Topics
    zone: Zone = ""


class TopicsQuery(ListQuery):
    """A page of topics."""

    cluster: Cluster = ""
    prefix: str = ""


class DeleteTopicQuery(Query):
    """Where to forget it."""

    cluster: Annotated[Cluster, Meta(description="forget it in this cluster only")] = ""


class DeleteTopicByQuery(DeleteTopicQuery, kw_only=True):
    """What to forget, and where."""

    topic: Annotated[str, Meta(min_length=1)]


async def one_route(exchange: Exchange) -> web.Response:
    """The route of one topic."""
    topic, zone = exchange.path("topic"), exchange.query.zone
    return await conditional.answer(exchange, lambda: exchange.services.queries.route(topic, zone), [f"topic:{topic}"])


async def many_routes(exchange: Exchange) -> web.Response:
    """The routes of many topics, put together from the very bytes that each of them has on its own."""
    topics, zone = sorted(set(exchange.query.topic)), exchange.query.zone

    def build() -> Answer:
        parts = []
        for topic in topics:
            try:
                body = exchange.services.queries.route(topic, zone).body
            except TopicNotFound:
                body = b"null"
            parts.append(orjson.dumps(topic) + b":" + body)
        return Answer.of_bytes(b'{"items":{' + b",".join(parts) + b"}}")

    return await conditional.answer(exchange, build, [f"topic:{topic}" for topic in topics])


async def list_topics(exchange: Exchange) -> web.Response:
    """Topics by name."""
    queries, query, memo = exchange.services.queries, exchange.query, exchange.request.app[MEMO]

    def build() -> Answer:
        found = queries.topics(query.cluster, query.prefix)
        items, following = page(found, str, limit=query.limit, cursor=query.cursor)
        return shapes.encode(TopicsAnswer(items, following))

    key = ("topics", query.cluster, query.prefix, query.limit, query.cursor)
    return await _listed(exchange, lambda: memo.get(queries.position, key, build), "topics")


async def list_clusters(exchange: Exchange) -> web.Response:
    """Clusters with their groups."""
    queries, query, memo = exchange.services.queries, exchange.query, exchange.request.app[MEMO]

    def build() -> Answer:
        items, following = page(queries.clusters(), lambda info: info.cluster, limit=query.limit, cursor=query.cursor)
        listed = [{"brokerDatas": info.broker_datas, "cluster": info.cluster} for info in items]
        return Answer.of({"items": listed, "next": following})

    key = ("clusters", query.limit, query.cursor)
    return await _listed(exchange, lambda: memo.get(queries.position, key, build), "clusters")


async def _listed(exchange: Exchange, find: Callable[[], Answer], scope: str) -> web.Response:
    """A list that the view alone decides about, so that the same request may be answered the short way."""
    response = await conditional.answer(exchange, find, [scope])
    if exchange.query.consistency == "eventual" and exchange.query.min_revision is UNSET:
        exchange.request[FIND] = find
    return response


async def delete_topic(exchange: Exchange) -> web.Response:
    """Forget a topic's route."""
    topic = exchange.request.match_info.get("topic") or exchange.query.topic
    written = await exchange.services.admin.delete_topic(topic, cluster=exchange.query.cluster, by=exchange.by)
    return web.Response(status=204, headers=replicas(written))


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/routes/{topic}",
        one_route,
        "Fetch the route of a topic",
        {200: RouteAnswer, 404: None},
        query=RouteQuery,
        conditional=True,
    ),
    Endpoint(
        "GET",
        "/v1/routes",
        many_routes,
        "Fetch the routes of many topics",
        {200: RoutesAnswer},
        query=RoutesQuery,
        multiple=frozenset({"topic"}),
        conditional=True,
    ),
    Endpoint(
        "GET", "/v1/topics", list_topics, "List the topics", {200: TopicsAnswer}, query=TopicsQuery, conditional=True
    ),
    Endpoint(
        "DELETE",
        "/v1/topics/{topic}",
        delete_topic,
        "Forget a topic's route",
        {204: None},
        query=DeleteTopicQuery,
    ),
    Endpoint(
        "DELETE",
        "/v1/topics",
        delete_topic,
        "Forget a topic's route, with the topic as a parameter",
        {204: None},
        query=DeleteTopicByQuery,
    ),
    Endpoint(
        "GET",
        "/v1/clusters",
        list_clusters,
        "List the clusters and their groups",
        {200: ClustersAnswer},
        query=ListQuery,
        conditional=True,
    ),
)
