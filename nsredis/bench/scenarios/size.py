"""(h) 20,000 and 100,000 topics, each on 2 of 32 brokers: memory, start to ready, reload, and stalls meanwhile."""

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from nsredis.bench.brokers import Broker, Registered, register_request, route_query, routes, spread, topics_of
from nsredis.bench.kernel.accounting import memory_mib
from nsredis.bench.kernel.cores import on_cores
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.ours import OurNode, Store
from nsredis.bench.peers.process import own_environ
from nsredis.bench.registrations import Registrations
from nsredis.bench.reloads import QUERIES, measure_reloads
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Companion, Shape, Subject, take_turns
from nsredis.bench.session import Session

NAME: Final = "size"
BROKERS: Final = 32
COPIES: Final = 2
REGISTRATIONS: Final = 8.0
"""A second."""

SIZES: Final = (20_000, 100_000)
COMMAND_S: Final = 30
IMPORTS: Final = "import aiohttp.web, redis.asyncio"


def measure(session: Session) -> list[Measurement]:
    """All sizes, and the start without data."""
    found = [_start(session)]
    for topics in SIZES:
        found += _sized(session, topics)
    return found


def _start(session: Session) -> Measurement:
    """How long a start takes, beside that of the bare imports; and a command that needs neither."""
    measurement = Measurement(NAME, "no topics", "nsredis", {})
    with Store(session.folder / "size-0", session.cores.load) as store:
        for _ in range(session.rounds):
            session.quiet.wait()
            with OurNode(session.folder / "size-0", session.cores.server, store) as node:
                ready_s = node.wait_ready()
                measurement.note(memory_mib=memory_mib(node.pid))
            imports_s = _timed(session, ["-c", IMPORTS])
            measurement.note(ready_s=ready_s, imports_s=imports_s, beyond_imports_s=ready_s - imports_s)
            measurement.note(command_s=_timed(session, ["-m", "nsredis", "--version"]))
    return measurement


def _timed(session: Session, arguments: Sequence[str]) -> float:
    started = time.monotonic()
    with on_cores(session.cores.server):
        subprocess.run(  # noqa: S603 - this Python, with fixed arguments
            [sys.executable, *arguments], env=own_environ(), check=True, capture_output=True, timeout=COMMAND_S
        )
    return time.monotonic() - started


def _sized(session: Session, topics: int) -> list[Measurement]:
    case = f"{topics:,} topics"
    measurement = Measurement(NAME, case, "nsredis", {})
    brokers = spread(BROKERS, topics, word="sized", copies=COPIES)
    folder = session.folder / f"size-{topics}"
    with Store(folder, session.cores.load) as store:
        with OurNode(folder, session.cores.server, store) as node:
            node.wait_ready()
            registered = Registered.at(node.port, brokers)
            session.keep(registered)
            measurement.note(registered_mib=memory_mib(node.pid))
            found = _stalls(session, node, brokers, case)
            registered.again()
            found.append(_reloads(session, node, store, brokers, case))
            session.let_go()
            measurement.note(store_mib=memory_mib(store.pid))
        registered.close()  # only now: a node would see that they are gone
        for number in range(session.rounds):
            session.tell(f"{NAME}: {case}: start {number + 1}")
            session.quiet.wait()
            with OurNode(folder, session.cores.server, store) as node:
                measurement.note(ready_s=node.wait_ready(), memory_mib=memory_mib(node.pid))
                if number == session.rounds - 1:
                    routes(node.port, topics_of(brokers))
                    measurement.note(all_asked_mib=memory_mib(node.pid), peak_mib=node.peak_mib())
    return [measurement, *found]


def _stalls(session: Session, node: OurNode, brokers: list[Broker], case: str) -> list[Measurement]:
    """Queries at a fixed rate while brokers register with one topic changed: the longest is the loop's stall."""
    made = [Registrations(list(broker.topics), changed=next(iter(broker.topics))) for broker in brokers]
    asked = dict(list(topics_of(brokers).items())[5::97])
    stable = {topic: body for topic, body in routes(node.port, asked).items() if not _changes(topic, brokers)}
    queries = Plan(Protocol.REMOTING, [[Request(route_query(topic), stable[topic]) for topic in stable]], Order.RANDOM)
    seconds = max(2.0, 2 * session.seconds)
    count = int(REGISTRATIONS * seconds) + 2

    def registering(number: int) -> Plan:
        first = (number + 1) * count
        requests = [
            Request(register_request(brokers[i % BROKERS], made[i % BROKERS].body(first + i))) for i in range(count)
        ]
        return Plan(Protocol.REMOTING, [requests])

    companion = Companion(registering, Shape(1, 1, REGISTRATIONS))
    name = f"{case}, {REGISTRATIONS:.0f} changed registrations a second"
    return take_turns(session, NAME, name, [Subject(node, queries)], Shape(8, 16, QUERIES, seconds=seconds), companion)


def _reloads(session: Session, node: OurNode, store: Store, brokers: list[Broker], case: str) -> Measurement:
    """Queries at a fixed rate while the node reads everything again: how long that takes, and the longest query."""
    measurement = Measurement(NAME, f"{case}, reload", "nsredis", {})
    known = routes(node.port, dict(list(topics_of(brokers).items())[5::97]))
    seconds = max(2.0, 2 * session.seconds)
    measure_reloads(session, node, store, known, measurement, rounds=session.rounds, seconds=seconds)
    return measurement


def _changes(topic: str, brokers: list[Broker]) -> bool:
    return any(topic == next(iter(broker.topics)) for broker in brokers)
