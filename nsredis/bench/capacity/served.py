"""A node of a namespace of some size: its start, its memory, and how long it keeps others waiting."""

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nsredis.bench.brokers import Broker, Caller, frame, routes
from nsredis.bench.capacity.figures import value
from nsredis.bench.failures import LoadFailed
from nsredis.bench.kernel.accounting import memory_mib
from nsredis.bench.peers.ours import OurNode, Store
from nsredis.bench.registrations import Registrations, queues_of
from nsredis.bench.reloads import PAUSE_S, measure_reloads
from nsredis.bench.results import Measurement
from nsredis.bench.session import Session
from nsredis.bench.talk import Talk
from nsredis.wire.api_types import MAX_TOPICS_ASKED
from nsredis.wire.codes import RequestCode

ROUNDS: Final = 3
"""Of what takes seconds each time."""

LOOKED_UP: Final = 100
"""Topics that are asked for while the node reads everything again."""

CHANGES: Final = 20
TOO_LONG: Final = "the protocol takes"


@contextmanager
def measured_starts(session: Session, folder: Path, store: Store, one: Measurement) -> Iterator[OurNode]:
    """Nodes that start one after the other: start to ready, and the memory then. The last one goes on."""
    rounds = min(ROUNDS, session.rounds)
    for number in range(rounds):
        session.quiet.wait()
        with OurNode(folder, session.cores.server, store) as node:
            one.note(ready_s=node.wait_ready(), node_mib=memory_mib(node.pid))
            if number == rounds - 1:
                yield node


def measure_reloads_of(
    session: Session, node: OurNode, store: Store, brokers: Sequence[Broker], one: Measurement
) -> None:
    """How long it takes to read everything again, the longest look-up meanwhile, and the most memory until then.

    `brokers`: all that have topics; those of the first are looked up.
    """
    mine = list(brokers[0].topics)
    asked = mine[:: max(1, len(mine) // LOOKED_UP)]
    known = routes(node.port, {topic: [broker for broker in brokers if topic in broker.topics] for topic in asked})
    seconds = PAUSE_S + 1.5 * value(one, "ready_s")
    measure_reloads(session, node, store, known, one, rounds=min(ROUNDS, session.rounds), seconds=seconds)
    one.note(peak_mib=node.peak_mib())


def ask_for_all(node: OurNode, topics: Sequence[str], one: Measurement) -> None:
    """Ask for each topic once, so that its answer is kept: the memory with all of them. LoadFailed."""
    with Talk(node.http_port) as talk:
        for at in range(0, len(topics), MAX_TOPICS_ASKED):
            asked = "&".join(f"topic={topic}" for topic in topics[at : at + MAX_TOPICS_ASKED])
            if b":null" in talk.call("GET", f"/v1/routes?{asked}"):
                raise LoadFailed("a topic has no route that has one in the store")
    one.note(asked_mib=memory_mib(node.pid))


def measure_changes(first: OurNode, second: OurNode, store: Store, broker: Broker, one: Measurement) -> None:
    """Registrations of a broker's whole table at the first node, one after the other, each with another number of
    queues for one topic: how long each takes until a watcher of the second node has it, and what it costs.
    """
    topic = next(iter(broker.topics))
    made = Registrations(list(broker.topics), changed=topic)
    caller = Caller(first.port)
    seen_us: list[float] = []

    def change(number: int) -> None:
        request = made.request(broker, number)
        started = time.perf_counter()
        caller.send(request)
        watcher.until(b'"readQueueNums":%d' % queues_of(number))
        seen_us.append(1e6 * (time.perf_counter() - started))
        caller.answer()

    with Talk(second.http_port) as watcher:
        watcher.send("GET", f"/v1/watch?topic={topic}")
        change(0)
        seen_us.clear()
        before = first.usage(), store.usage()
        for number in range(1, 1 + CHANGES):
            change(number)
        used, store_used = first.usage().since(before[0])[0], store.usage().since(before[1])[0]
    caller.close()
    one.note(seen_us=statistics.median(seen_us))
    one.note(changed_us=1e6 * used / CHANGES, changed_store_us=1e6 * store_used / CHANGES)


def measure_list(node: OurNode, code: RequestCode, one: Measurement) -> None:
    """The node's processor time for a list of everything, and the most memory until then.

    It is made in one go, also where it is too long to be sent.
    """
    caller, before = Caller(node.port), node.usage()
    try:
        caller.call(frame(code, {}))
    except LoadFailed as problem:
        if TOO_LONG not in str(problem):
            raise
    one.note(list_ms=1000 * node.usage().since(before)[0], listed_mib=node.peak_mib())
    caller.close()
