"""(g) From a change on one node to a watcher of another node: idle, and while 1,000 other changes a second go by."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Final

from nsredis.bench.brokers import register_request, spread
from nsredis.bench.changing import WATCH, Changing
from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.latency import Latencies
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.name_servers import tell_ours
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.registrations import Registrations
from nsredis.bench.results import Measurement
from nsredis.bench.session import Session
from nsredis.bench.talk import Talk

NAME: Final = "visibility"
CHANGES: Final = 1000
CONNECTIONS: Final = 32
TOPICS: Final = 10
"""Of each broker that changes beside."""


def measure(session: Session) -> list[Measurement]:
    """Both cases."""
    found = [Measurement(NAME, case, "nsredis", {}) for case in ("idle", f"{CHANGES:,} other changes a second")]
    with our_nodes(session.folder / "visibility", session.cores, 2) as (first, second):
        tell_ours(session, first)
        with closing(Changing(first)) as changing, Talk(second.http_port) as watcher:
            wanted = changing.change()
            changing.done()
            watcher.send("GET", WATCH)
            watcher.until(wanted)
            for number in range(-1, session.rounds):
                for measurement, rate in zip(found, (0, CHANGES), strict=True):
                    if measurement.problem:
                        continue
                    session.tell(f"{NAME}: {measurement.case}: round {number + 1}")
                    unquiet = session.quiet.wait()
                    try:
                        metrics = _round(session, first, changing, watcher, rate, number)
                    except LoadFailed as error:
                        measurement.problem = str(error)
                        continue
                    if number >= 0:
                        measurement.note(**metrics, unquiet_share=unquiet)
    return found


def _round(
    session: Session, first: OurNode, changing: Changing, watcher: Talk, rate: int, number: int
) -> dict[str, float]:
    seconds = max(1.0, session.seconds)
    if not rate:
        return _timed(changing, watcher, time.monotonic() + seconds)
    load = partial(session.generator.run, first.port, _others(number, seconds), first.usage)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(load, connections=CONNECTIONS, depth=4, seconds=seconds, rate=float(rate))
        time.sleep(0.3)  # until it runs
        metrics = _timed(changing, watcher, time.monotonic() + seconds - 0.5)
        beside = running.result()
    used, _ = beside.after.since(beside.before)
    return metrics | {"beside_rate": beside.rate, "server_share": used / beside.lasted_s}


def _timed(changing: Changing, watcher: Talk, until: float) -> dict[str, float]:
    """Changes one after the other, each from just before it is sent until the watcher has it."""
    seen, written = Latencies(), Latencies()
    while time.monotonic() < until:
        started = time.perf_counter_ns()
        wanted = changing.change()
        watcher.until(wanted)
        seen.add(time.perf_counter_ns() - started)
        changing.done()
        written.add(time.perf_counter_ns() - started)
        time.sleep(0.002)
    quantiles = {"p50_us": 0.5, "p99_us": 0.99, "longest_us": 1.0}
    return {name: seen.quantile_us(part) for name, part in quantiles.items()} | {
        "written_p50_us": written.quantile_us(0.5)
    }


def _others(number: int, seconds: float) -> Plan:
    brokers = spread(CONNECTIONS, CONNECTIONS * TOPICS, word="beside", copies=1)
    count = int(CHANGES * seconds / CONNECTIONS) + 2
    lanes = []
    for broker in brokers:
        topics = list(broker.topics)
        made = Registrations(topics, changed=topics[0])
        first = (number + 1) * count
        lanes.append([Request(register_request(broker, made.body(first + i))) for i in range(count)])
    return Plan(Protocol.REMOTING, lanes)
