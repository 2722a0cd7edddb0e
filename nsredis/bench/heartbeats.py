"""Heartbeats as loads: many in a request, one at a time, and one-way; and the brokers that send them."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec

from nsredis.bench.brokers import Broker, frame
from nsredis.bench.failures import LoadFailed
from nsredis.bench.fleet import Fleet, simulated_brokers
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.ours import OurNode
from nsredis.bench.talk import Talk
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import HeartbeatBody, HeartbeatItem, HeartbeatsAnswer, HeartbeatsBody
from nsredis.wire.codes import ONE_WAY_FLAG, RequestCode

BATCH: Final = 100
CONNECTIONS: Final = 16
LEASE_MS: Final = 600_000

T = TypeVar("T")


def register_over_http(node: OurNode, count: int) -> list[HeartbeatItem]:
    """Register so many brokers over HTTP; a heartbeat of each."""

    async def registered() -> Fleet:
        async with ApiClient(node.http) as client:
            fleet = Fleet(client, simulated_brokers(count, count, "bench"), LEASE_MS)
            await fleet.register_all()
            return fleet

    brokers = asyncio.run(registered()).brokers
    return [HeartbeatItem(broker.cluster, broker.name, 0, broker.epoch) for broker in brokers]


def batches(node: OurNode, items: Sequence[HeartbeatItem]) -> Plan:
    """BATCH of them in each POST, and a lane for each batch. LoadFailed when one of them is refused."""
    lanes = [[batch_request(node, items[at : at + BATCH])] for at in range(0, len(items), BATCH)]
    return Plan(Protocol.HTTP, lanes)


def batch_request(node: OurNode, items: Sequence[HeartbeatItem]) -> Request:
    """The answer has no changing numbers: it must always be the one that is checked here first. LoadFailed."""
    body = msgspec.json.encode(HeartbeatsBody(list(items)))
    with Talk(node.http_port) as talk:
        said = talk.call("POST", "/v1/heartbeats", body)
    outcomes = msgspec.json.decode(said, type=HeartbeatsAnswer).items
    if [one.status for one in outcomes] != [HTTPStatus.NO_CONTENT] * len(items):
        raise LoadFailed(f"not every heartbeat of a batch is taken: {said[:300]!r}")
    return Request(request("POST", node.http, "/v1/heartbeats", body), said, 200)


def singles(node: OurNode, items: Sequence[HeartbeatItem]) -> Plan:
    """One in each POST."""
    return Plan(Protocol.HTTP, [[_single(node, item) for item in lane] for lane in _lanes(items)])


def _single(node: OurNode, item: HeartbeatItem) -> Request:
    body = msgspec.json.encode(HeartbeatBody(epoch=item.epoch))
    path = f"/v1/brokers/{item.cluster}/{item.broker_name}/{item.broker_id}/heartbeat"
    return Request(request("POST", node.http, path, body), b"", 204)


def one_way(brokers: Sequence[Broker]) -> Plan:
    """BROKER_HEARTBEAT, which RocketMQ has since 5.0, as its brokers send it: a request has those of a whole lane."""
    return Plan(Protocol.REMOTING, [[_one_way(lane)] for lane in _lanes(brokers)])


def _one_way(brokers: Sequence[Broker]) -> Request:
    """One-way heartbeats, and at their end one that is answered, so that the load knows that they were read."""
    *others, last = brokers
    return Request(b"".join([*(_beat(broker, ONE_WAY_FLAG) for broker in others), _beat(last)]), None)


def answered(brokers: Sequence[Broker]) -> Plan:
    """The same, each by itself and answered."""
    return Plan(Protocol.REMOTING, [[Request(_beat(broker), None) for broker in lane] for lane in _lanes(brokers)])


def _beat(broker: Broker, flag: int = 0) -> bytes:
    return frame(RequestCode.BROKER_HEARTBEAT, broker.ext, flag=flag)


def _lanes(things: Sequence[T]) -> list[Sequence[T]]:
    """Shared out among the connections."""
    return [things[at::CONNECTIONS] for at in range(CONNECTIONS)]
