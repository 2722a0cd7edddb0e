"""Server-sent events: what there is, at once, and what it became at each change."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
import orjson
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from nsredis.core.brokers import BrokerKey
from nsredis.core.errors import InvalidField, TopicNotFound
from nsredis.http_api import shapes
from nsredis.http_api.endpoint import Endpoint, Exchange, Query
from nsredis.http_api.event_stream import EventStream, ReaderGone, frame
from nsredis.http_api.memo import MEMO
from nsredis.wire.api_types import MAX_TOPICS_ASKED

COMMENT_EVERY_S: Final = 15.0


class WatchQuery(Query):
    """What to watch: topics, or all brokers."""

    topic: Annotated[list[Annotated[str, Meta(min_length=1)]], Meta(max_length=MAX_TOPICS_ASKED)] = msgspec.field(
        default_factory=list
    )
    all: Annotated[Literal["brokers"], Meta(description="watch all brokers instead of topics")] | UnsetType = UNSET


class _Topics:
    """Routes of some topics. Every reader of a topic gets the same bytes, encoded once."""

    def __init__(self, exchange: Exchange, topics: Iterable[str]) -> None:
        self._queries = exchange.services.queries
        self._memo = exchange.request.app[MEMO]
        self._topics = sorted(set(topics))
        self.scopes = [f"topic:{topic}" for topic in self._topics]

    def present(self) -> list[bytes]:
        """An event for each topic."""
        return [self._event(topic) for topic in self._topics]

    def changed(self, dirty: set[str]) -> list[bytes]:
        """An event for each topic that changed."""
        return [self._event(scope.removeprefix("topic:")) for scope in sorted(dirty)]

    def _event(self, topic: str) -> bytes:
        return self._memo.get(self._queries.position, ("event", topic), lambda: self._build(topic))

    def _build(self, topic: str) -> bytes:
        name = orjson.dumps(topic)
        try:
            route = self._queries.route(topic).body
        except TopicNotFound as error:
            data = b'{"reason":' + orjson.dumps(error.reason) + b',"route":null,"topic":' + name + b"}"
        else:
            data = b'{"route":' + route + b',"topic":' + name + b"}"
        return frame("route", self._queries.revision, data)


class _Brokers:
    """All brokers. A broker that is no longer even remembered as offline is told of once more, as forgotten."""

    scopes: Final = ("brokers",)

    def __init__(self, exchange: Exchange) -> None:
        self._queries = exchange.services.queries
        self._told: set[BrokerKey] = set()

    def present(self) -> list[bytes]:
        """An event for each broker, and for each that was told of and is gone."""
        keys = {broker.key for broker in self._queries.brokers()}
        return [self._event(key) for key in sorted(keys | self._told)]

    def changed(self, dirty: set[str]) -> list[bytes]:
        """An event for each broker that changed."""
        if "brokers" in dirty:  # everything may have
            return self.present()
        keys = []
        for scope in sorted(dirty):
            name, _, broker_id = scope.removeprefix("broker:").rpartition("/")
            keys.append(BrokerKey(name, int(broker_id)))
        return [self._event(key) for key in keys]

    def _event(self, key: BrokerKey) -> bytes:
        broker = self._queries.broker_in_any_cluster(key)
        if broker is None:
            self._told.discard(key)
            content: object = {"brokerId": key.id, "brokerName": key.name, "state": "forgotten"}
        else:
            self._told.add(key)
            group = self._queries.group(key.name)
            content = msgspec.to_builtins(shapes.broker_info(broker, group.override if group else None))
        return frame("broker", self._queries.revision, orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


async def watch(exchange: Exchange) -> web.StreamResponse:
    """Stream until the reader goes, or takes too long to read, or this node goes."""
    query: WatchQuery = exchange.query
    everything = query.all is not UNSET
    if bool(query.topic) == everything:
        raise InvalidField("topic", "must be given, or all=brokers, and not both")
    subject = _Brokers(exchange) if everything else _Topics(exchange, query.topic)
    hearing = exchange.services.queries.subscribe(subject.scopes)
    try:
        events = subject.present()  # raises NotReady before anything is sent
        stream = EventStream()
        await stream.open(exchange.request)
        await stream.send(events)
        while not exchange.services.nodes.draining:
            dirty = await hearing.wait(COMMENT_EVERY_S)
            if dirty:
                await stream.send(subject.changed(dirty))
            else:
                await stream.comment("nothing changed")
    except ReaderGone:
        pass
    finally:
        hearing.close()
    return stream.response


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/v1/watch",
        watch,
        "Watch routes, or all brokers, as server-sent events",
        {200: "text/event-stream"},
        query=WatchQuery,
        multiple=frozenset({"topic"}),
        streams=True,
    ),
)
