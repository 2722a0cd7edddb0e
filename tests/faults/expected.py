"""Which answer is right: exactly the brokers that live, whole, and no other."""

from collections.abc import Mapping
from enum import StrEnum

import orjson

from nsredis.wire import fastjson

Brokers = Mapping[str, str]
"""brokerName -> its address."""


class Verdict(StrEnum):
    """What a look-up's answer is worth."""

    RIGHT = "right"
    WRONG = "wrong"  # a success that is not the truth, or a confident "no such topic"
    REFUSED = "refused"  # an honest error: the client keeps what it has
    FAILED = "failed"  # no answer
    MOVED = "moved"  # "please go away": asked again on another connection, and judged then


class Expected:
    """The routes that are right. What changes just now may be old or new until it is settled."""

    def __init__(self, routes: Mapping[str, Brokers]) -> None:
        self._routes: dict[str, list[frozenset[tuple[str, str]]]] = {}
        self._known: dict[tuple[str, bytes], bool] = {}
        for topic, brokers in routes.items():
            self._routes[topic] = [frozenset(brokers.items())]

    @property
    def topics(self) -> list[str]:
        return list(self._routes)

    def change(self, topic: str, brokers: Brokers) -> None:
        """From now on this is right too; no brokers: that the topic is not there."""
        self._routes[topic].append(frozenset(brokers.items()))
        self._known.clear()

    def settle(self) -> None:
        """From now on only what was said last is right."""
        self._routes = {topic: routes[-1:] for topic, routes in self._routes.items()}
        self._known.clear()

    def absent(self, topic: str) -> bool:
        """Whether "no such topic" is right."""
        return frozenset() in self._routes[topic]

    def whole(self, topic: str, body: bytes) -> bool:
        """Whether a successful answer is right. The same bytes are judged once."""
        key = (topic, body)
        if key not in self._known:
            self._known[key] = _brokers(body) in self._routes[topic]
        return self._known[key]


def _brokers(body: bytes) -> frozenset[tuple[str, str]] | None:
    """The brokers of a route; None for half a route."""
    try:
        route = orjson.loads(body)
    except orjson.JSONDecodeError:
        route = fastjson.loads(body)  # old clients get ids without quotes
    if not isinstance(route, dict):
        return None
    addresses = {
        (data["brokerName"], address) for data in route["brokerDatas"] for address in data["brokerAddrs"].values()
    }
    queues = {data["brokerName"] for data in route["queueDatas"]}
    return frozenset(addresses) if addresses and queues == {name for name, _ in addresses} else None
