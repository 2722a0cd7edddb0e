"""(d) Heartbeats: many in a request and one-way, and one at a time; Redis on another core than the node."""

import asyncio
from http import HTTPStatus
from typing import Final

import msgspec

from nsredis.bench.brokers import Broker, Registered, frame, spread
from nsredis.bench.failures import LoadFailed
from nsredis.bench.fleet import Fleet, simulated_brokers
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.name_servers import JAVA_5, name_servers, tell_ours, warm_s
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.bench.talk import Talk
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import HeartbeatBody, HeartbeatItem, HeartbeatsAnswer, HeartbeatsBody
from nsredis.wire.codes import ONE_WAY_FLAG, RequestCode

NAME: Final = "heartbeats"
BROKERS: Final = 1000
BATCH: Final = 100
LEASE_MS: Final = 600_000
CONNECTIONS: Final = 16


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    return [*_over_http(session), *_over_remoting(session)]


def _over_http(session: Session) -> list[Measurement]:
    found: list[Measurement] = []
    with our_nodes(session.folder / "heartbeats", session.cores) as (node,):
        tell_ours(session, node)
        brokers = asyncio.run(_registered(node))
        items = [HeartbeatItem(broker.cluster, broker.name, 0, broker.epoch) for broker in brokers.brokers]
        batches = [items[at : at + BATCH] for at in range(0, len(items), BATCH)]
        cases = [
            (f"batches of {BATCH} by POST", [[batch_request(node, batch)] for batch in batches], BATCH),
            ("one by POST", [[_single(node, item) for item in items[at::CONNECTIONS]] for at in range(CONNECTIONS)], 1),
        ]
        for case, lanes, each in cases:
            subject = Subject(node, Plan(Protocol.HTTP, lanes), node.http_port, each)
            found += take_turns(session, NAME, f"{case}, {BROKERS} brokers", [subject], Shape(len(lanes)))
    return found


async def _registered(node: OurNode) -> Fleet:
    async with ApiClient(node.http) as client:
        fleet = Fleet(client, simulated_brokers(BROKERS, BROKERS, "bench"), LEASE_MS)
        await fleet.register_all()
        return fleet


def batch_request(node: OurNode, items: list[HeartbeatItem]) -> Request:
    """The answer has no changing numbers: it must always be the one that is checked here first."""
    body = msgspec.json.encode(HeartbeatsBody(items))
    with Talk(node.http_port) as talk:
        said = talk.call("POST", "/v1/heartbeats", body)
    outcomes = msgspec.json.decode(said, type=HeartbeatsAnswer).items
    if [one.status for one in outcomes] != [HTTPStatus.NO_CONTENT] * len(items):
        raise LoadFailed(f"not every heartbeat of a batch is taken: {said[:300]!r}")
    return Request(request("POST", node.http, "/v1/heartbeats", body), said, 200)


def _single(node: OurNode, item: HeartbeatItem) -> Request:
    body = msgspec.json.encode(HeartbeatBody(epoch=item.epoch))
    path = f"/v1/brokers/{item.cluster}/{item.broker_name}/{item.broker_id}/heartbeat"
    return Request(request("POST", node.http, path, body), b"", 204)


def _over_remoting(session: Session) -> list[Measurement]:
    """BROKER_HEARTBEAT, which RocketMQ has since 5.0: one-way, as its brokers send it, and answered."""
    found: list[Measurement] = []
    brokers = spread(BROKERS, BROKERS, word="beating", copies=2)
    with name_servers(session, peers=JAVA_5) as servers:
        for server in servers:
            session.keep(Registered.at(server.port, brokers))
        lanes = [brokers[at::CONNECTIONS] for at in range(CONNECTIONS)]
        one_way = Plan(Protocol.REMOTING, [[_one_way(lane)] for lane in lanes])
        answered = Plan(Protocol.REMOTING, [[Request(_beat(broker), None) for broker in lane] for lane in lanes])
        for case, plan, each in (("one-way", one_way, BROKERS / CONNECTIONS), ("answered", answered, 1)):
            subjects = [Subject(server, plan, each=each, warm_s=warm_s(server)) for server in servers]
            found += take_turns(session, NAME, f"remoting, {case}, {BROKERS} brokers", subjects, Shape(CONNECTIONS))
    return found


def _beat(broker: Broker, flag: int = 0) -> bytes:
    return frame(RequestCode.BROKER_HEARTBEAT, broker.ext, flag=flag)


def _one_way(brokers: list[Broker]) -> Request:
    """One-way heartbeats, and at their end one that is answered, so that the load knows that they were read."""
    *others, last = brokers
    return Request(b"".join([*(_beat(broker, ONE_WAY_FLAG) for broker in others), _beat(last)]), None)
