"""The figures of `nsredis bench`, each measured in several rounds."""

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from nsredis.bench.fleet import Fleet, SimulatedBroker
from nsredis.bench.load.http import request
from nsredis.bench.short_load import LoadResult, run_load
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import HeartbeatBody, HeartbeatItem, HeartbeatsBody, QueueDataBody

ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: the median of its rounds, and what was done. `busy`: the load generator's own processor time."""

    name: str
    unit: str
    value: float
    rounds: Sequence[float]
    what: str
    busy: float | None = None
    details: dict[str, float] = field(default_factory=dict)


Step = Callable[[], Awaitable[Figure]]


class Load:
    """The loads on one node. `fleet` is registered there; `connections` are open at the same time."""

    def __init__(self, client: ApiClient, fleet: Fleet, connections: int, seconds: float) -> None:
        self._client = client
        self._fleet = fleet
        self._host = client.url().raw_authority
        self._round_s = seconds / ROUNDS
        self._brokers = [fleet.brokers[i % len(fleet.brokers)] for i in range(connections)]

    async def route_reads(self) -> Figure:
        """GET of a route."""
        cycles = [[self._request("GET", "routes", topic) for topic in broker.topics] for broker in self._brokers]
        topics = len({topic for broker in self._brokers for topic in broker.topics})
        size = len((await self._client.route(self._brokers[0].topics[0])).body)
        what = f"GET /v1/routes/TOPIC, {topics} topics in turn, bodies of about {size} bytes"
        return await self._figure("route reads", cycles, {200}, what)

    async def unchanged_registrations(self) -> Figure:
        """PUT of what is registered already."""
        cycles = [[self._put(broker, 8)] for broker in self._brokers]
        return await self._figure(
            "registrations, unchanged", cycles, {200}, f"the same PUT again, {self._topics} topics"
        )

    async def changed_registrations(self) -> Figure:
        """PUT with one topic changed."""
        cycles = [[self._put(broker, 9), self._put(broker, 8)] for broker in self._brokers]
        what = f"PUT of {self._topics} topics, one of them changed each time"
        return await self._figure("registrations, changed", cycles, {200}, what)

    async def single_heartbeats(self) -> Figure:
        """One heartbeat in a request."""
        cycles = [
            [self._request("POST", "brokers", *broker.place, "heartbeat", body=HeartbeatBody(epoch=broker.epoch))]
            for broker in self._brokers
        ]
        return await self._figure("heartbeats, single", cycles, {204}, "POST …/heartbeat, one in a request")

    async def batched_heartbeats(self) -> Figure:
        """Many heartbeats in a request."""
        items = [HeartbeatItem(broker.cluster, broker.name, 0, broker.epoch) for broker in self._fleet.brokers]
        cycles = [[self._request("POST", "heartbeats", body=HeartbeatsBody(items))]] * len(self._brokers)
        what = f"POST /v1/heartbeats, {len(items)} in a request"
        return await self._figure("heartbeats, batched", cycles, {200}, what, each=len(items))

    @property
    def _topics(self) -> int:
        return max(len(broker.topics) for broker in self._brokers)

    def _put(self, broker: SimulatedBroker, read_queues: int) -> bytes:
        body = self._fleet.registration(broker)
        assert body.topics is not None
        topics = body.topics | {broker.topics[0]: QueueDataBody(read_queue_nums=read_queues)}
        return self._request("PUT", "brokers", *broker.place, body=msgspec.structs.replace(body, topics=topics))

    def _request(self, method: str, *path: str | int, body: msgspec.Struct | None = None) -> bytes:
        encoded = msgspec.json.encode(body) if body is not None else b""
        return request(method, self._host, self._client.url(*path).raw_path_qs, encoded)

    async def _figure(
        self, name: str, cycles: Sequence[Sequence[bytes]], statuses: set[int], what: str, *, each: int = 1
    ) -> Figure:
        results = [await run_load(self._client.server, cycles, self._round_s, statuses) for _ in range(ROUNDS)]
        return _rate_figure(name, results, f"{what}; {len(cycles)} connections", each)


def _rate_figure(name: str, results: Sequence[LoadResult], what: str, each: int) -> Figure:
    rates = [result.rate * each for result in results]
    busy = statistics.median(result.busy for result in results)
    return Figure(name, "/s", statistics.median(rates), rates, what, busy)


def steps(load: Load) -> dict[str, Step]:
    """What is measured under load, in order, by names for people."""
    return {
        "route reads": load.route_reads,
        "unchanged registrations": load.unchanged_registrations,
        "changed registrations": load.changed_registrations,
        "single heartbeats": load.single_heartbeats,
        "batched heartbeats": load.batched_heartbeats,
    }
