"""(d) Heartbeats: many in a request and one-way, and one at a time; Redis on another core than the node."""

from collections.abc import Sequence
from typing import Final

from nsredis.bench.brokers import Registered, spread
from nsredis.bench.heartbeats import BATCH, CONNECTIONS, answered, batches, one_way, register_over_http, singles
from nsredis.bench.peers.name_servers import JAVA_5, name_servers, tell_ours, warm_s
from nsredis.bench.peers.ours import our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session

NAME: Final = "heartbeats"
BROKERS: Final = 1000
FIXED_RATE: Final = 2_000
"""A second, of those that are answered one by one."""


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    return [*_over_http(session), *_over_remoting(session)]


def _over_http(session: Session) -> list[Measurement]:
    with our_nodes(session.folder / "heartbeats", session.cores) as (node,):
        tell_ours(session, node)
        items = register_over_http(node, BROKERS)
        many = Subject(node, batches(node, items), node.http_port, each=BATCH)
        one = Subject(node, singles(node, items), node.http_port)
        return [
            *_measured(session, f"batches of {BATCH} by POST", [many], Shape(BROKERS // BATCH)),
            *_one_by_one(session, "one by POST", [one]),
        ]


def _over_remoting(session: Session) -> list[Measurement]:
    brokers = spread(BROKERS, BROKERS, word="beating", copies=2)
    with name_servers(session, peers=JAVA_5) as servers:
        for server in servers:
            session.keep(Registered.at(server.port, brokers))
        together, alone = one_way(brokers), answered(brokers)
        many = [Subject(one, together, each=BROKERS / CONNECTIONS, warm_s=warm_s(one)) for one in servers]
        return [
            *_measured(session, "remoting, one-way", many, Shape(CONNECTIONS)),
            *_one_by_one(session, "remoting, answered", [Subject(one, alone, warm_s=warm_s(one)) for one in servers]),
        ]


def _one_by_one(session: Session, case: str, subjects: Sequence[Subject]) -> list[Measurement]:
    """As fast as it goes, and at a rate that leaves time."""
    return [
        *_measured(session, case, subjects, Shape(CONNECTIONS)),
        *_measured(session, case, subjects, Shape(CONNECTIONS, rate=FIXED_RATE)),
    ]


def _measured(session: Session, case: str, subjects: Sequence[Subject], shape: Shape) -> list[Measurement]:
    at_rate = f", {shape.rate:,.0f} a second" if shape.rate else ""
    return take_turns(session, NAME, f"{case}, {BROKERS} brokers{at_rate}", subjects, shape)
