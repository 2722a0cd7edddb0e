"""One and two workers on one pair of ports. On a machine of two cores they share these with the load and the store, so
the rate of two is what is left of the second core; processor time per request tells what a second worker costs.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from nsredis.bench.brokers import Broker, Registered, spread, topics_of
from nsredis.bench.peers.name_servers import tell_ours
from nsredis.bench.peers.ours import NAME as OURS
from nsredis.bench.peers.ours import OurNode, Store
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.scenarios.http import get_plan
from nsredis.bench.scenarios.routes import route_plan
from nsredis.bench.session import Session

NAME: Final = "workers"
COUNTS: Final = (1, 2)
CONNECTIONS: Final = 64
"""So many that the kernel spreads them evenly enough."""

LIGHT: Final = 4_000
"""A second: what leaves both cores half idle."""


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    brokers = spread(2, 1000, word="shared")
    paths = [f"/v1/routes/{topic}" for topic in topics_of(brokers)]
    with ExitStack() as stack:
        stack.callback(session.let_go)
        nodes = [_workers(session, stack, count, brokers) for count in COUNTS]
        by_remoting = [
            Subject(node, route_plan(node.port, brokers), name=_name(count))
            for count, node in zip(COUNTS, nodes, strict=True)
        ]
        by_http = [
            Subject(node, get_plan(node.http_port, paths), node.http_port, name=_name(count))
            for count, node in zip(COUNTS, nodes, strict=True)
        ]
        found: list[Measurement] = []
        for case, subjects, depth in (
            ("route queries, depth 1", by_remoting, 1),
            ("route queries, depth 16", by_remoting, 16),
            ("HTTP GET", by_http, 1),
        ):
            found += take_turns(
                session, NAME, f"{case}, {CONNECTIONS} connections", subjects, Shape(CONNECTIONS, depth)
            )
        light = Shape(CONNECTIONS, 1, LIGHT, seconds=2 * session.seconds)
        return found + take_turns(session, NAME, f"route queries, {LIGHT:,} a second", by_remoting, light)


def _name(workers: int) -> str:
    return f"{OURS}, {workers} worker{'s' if workers > 1 else ''}"


def _workers(session: Session, stack: ExitStack, count: int, brokers: list[Broker]) -> OurNode:
    """So many workers with their store, free to run on all cores."""
    folder: Path = session.folder / f"workers-{count}"
    store = stack.enter_context(Store(folder, session.cores.load))
    cores = session.cores.server | session.cores.load
    node = stack.enter_context(OurNode(folder, cores, store, workers=count))
    node.wait_ready()
    node.wait_for_workers()
    if count == 1:
        tell_ours(session, node)
    session.keep(Registered.at(node.port, brokers))
    return node
