"""The hot paths of a node, each under a load of its own, beside an echo server: what `bench quick` measures."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Final

from nsredis.bench import heartbeats, registering
from nsredis.bench.brokers import Broker, Registered, registration, spread, topics_of
from nsredis.bench.peers.echo import EchoServer
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.scenarios.http import get_plan
from nsredis.bench.scenarios.routes import route_plan
from nsredis.bench.session import Session

ECHO: Final = "echo"
DEPTHS: Final = (1, 16)
CHANGES: Final = 12
"""Changed registrations of each connection in a round."""

BEATING: Final = heartbeats.BATCH * heartbeats.CONNECTIONS
"""Brokers: a batch for each connection, and as many for each in a lane."""


def measure_hot_paths(session: Session) -> list[Measurement]:
    """All of them, with the depth as the case. Where a request has several heartbeats, each counts."""
    with ExitStack() as stack:
        (node,) = stack.enter_context(our_nodes(session.folder, session.cores))
        stack.callback(session.let_go)
        return [*_queries(session, stack, node), *_registrations(session, node), *_heartbeats(session, stack, node)]


def _queries(session: Session, stack: ExitStack, node: OurNode) -> list[Measurement]:
    brokers = spread(2, 100, word="quick")
    _register(session, stack, node, brokers)
    queries = route_plan(node.port, brokers)
    some = queries.lanes[0][0]
    answer = b"\0" * 100 + (some.body or b"")
    echo = stack.enter_context(EchoServer(session.folder, session.cores.server, some.content, answer))
    by_remoting = [Subject(echo, echo.plan, name=ECHO), Subject(node, queries, name="route query")]
    paths = [f"/v1/routes/{topic}" for topic in topics_of(brokers)]
    by_http = [
        Subject(node, get_plan(node.http_port, paths), node.http_port, name="HTTP GET"),
        Subject(node, get_plan(node.http_port, paths, fresh=False), node.http_port, name="HTTP GET, 304"),
    ]
    one, many = DEPTHS
    return [
        *_take_turns(session, [*by_remoting, *by_http], 50, one),
        *_take_turns(session, by_remoting, 50, many),
    ]


def _registrations(session: Session, node: OurNode) -> list[Measurement]:
    """As JSON, each checked to be kept. Large ones take turns of their own: they leave nothing else in the caches."""
    small = spread(registering.CONNECTIONS, 1000, word="table")
    large = spread(registering.CONNECTIONS, 10_000, word="large")
    names = list(topics_of(large))
    changing = [Broker(f"changing-{number}", {}) for number in range(registering.CONNECTIONS)]
    changed = registering.one_changed(changing, names, names[len(names) // 2], CHANGES)
    loads: list[tuple[str, registering.Load]] = [
        ("1,000 topics, unchanged", registering.unchanged(small, registration)),
        ("10,000 topics, unchanged", registering.unchanged(large, registration)),
        ("10,000 topics, one changed", changed),
    ]
    one, *others = [Subject(node, plan, name=f"registration of {what}", proof=proof) for what, (plan, proof) in loads]
    count = registering.CONNECTIONS
    return [*_take_turns(session, [one], count), *_take_turns(session, others, count)]


def _heartbeats(session: Session, stack: ExitStack, node: OurNode) -> list[Measurement]:
    items = heartbeats.register_over_http(node, BEATING)
    brokers = spread(BEATING, BEATING, word="beating", copies=2)
    _register(session, stack, node, brokers)
    batches, singles = heartbeats.batches(node, items), heartbeats.singles(node, items)
    one_way = heartbeats.one_way(brokers)
    each = heartbeats.BATCH
    subjects = [
        Subject(node, singles, node.http_port, name="heartbeat, one by POST"),
        Subject(node, batches, node.http_port, each, name=f"heartbeat, each of {each} by POST"),
        Subject(node, one_way, each=each, name=f"heartbeat, each of {each} one-way"),
    ]
    return _take_turns(session, subjects, heartbeats.CONNECTIONS)


def _register(session: Session, stack: ExitStack, node: OurNode, brokers: Sequence[Broker]) -> None:
    session.keep(stack.enter_context(closing(Registered.at(node.port, brokers))))


def _take_turns(
    session: Session, subjects: Sequence[Subject], connections: int, depth: int = DEPTHS[0]
) -> list[Measurement]:
    return take_turns(session, "quick", f"depth {depth}", subjects, Shape(connections, depth))
