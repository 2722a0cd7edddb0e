"""(i) A change that 1,000 watchers hear of: when the last one has it, and what each costs the node."""

import selectors
import time
from contextlib import ExitStack, closing
from typing import Final

from nsredis.bench.changing import WATCH, Changing
from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.latency import Latencies
from nsredis.bench.peers.name_servers import tell_ours
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.session import Session
from nsredis.bench.talk import Talk

NAME: Final = "watchers"
WATCHERS: Final = 1000
CHANGES: Final = 10
"""In a round."""

HEARD_S: Final = 20.0


def measure(session: Session) -> list[Measurement]:
    """One case."""
    measurement = Measurement(NAME, f"{WATCHERS:,} watchers of one topic", "nsredis", {})
    with ExitStack() as stack:
        (node,) = stack.enter_context(our_nodes(session.folder / "watchers", session.cores))
        tell_ours(session, node)
        changing = stack.enter_context(closing(Changing(node)))
        wanted = changing.change()
        changing.done()
        watching = selectors.DefaultSelector()
        for _ in range(WATCHERS):
            talk = stack.enter_context(Talk(node.http_port))
            talk.send("GET", WATCH)
            talk.until(wanted)
            watching.register(talk.socket, selectors.EVENT_READ)
        for number in range(-1, session.rounds):
            session.tell(f"{NAME}: round {number + 1}")
            unquiet = session.quiet.wait()
            metrics = _round(node, changing, watching)
            if number >= 0:
                measurement.note(**metrics, unquiet_share=unquiet, peak_mib=node.peak_mib())
    return [measurement]


def _round(node: OurNode, changing: Changing, watching: selectors.BaseSelector) -> dict[str, float]:
    all_heard, before = Latencies(), node.usage()
    for _ in range(CHANGES):
        started = time.perf_counter_ns()
        _heard_by_all(watching, changing.change())
        all_heard.add(time.perf_counter_ns() - started)
        changing.done()
    used, _ = node.usage().since(before)
    return {
        "last_p50_us": all_heard.quantile_us(0.5),
        "longest_us": all_heard.quantile_us(1.0),
        "cpu_us": 1e6 * used / (CHANGES * WATCHERS),
    }


def _heard_by_all(watching: selectors.BaseSelector, words: bytes) -> None:
    """Read until every watcher was told these words. LoadFailed."""
    missing = {key.fd: b"" for key in watching.get_map().values()}
    deadline = time.monotonic() + HEARD_S
    while missing:
        if time.monotonic() > deadline:
            raise LoadFailed(f"{len(missing)} of {WATCHERS} watchers did not hear of a change in {HEARD_S:.0f} s")
        for key, _ in watching.select(0.1):
            said = missing.get(key.fd, b"") + key.fileobj.recv(1 << 16)  # type: ignore[union-attr]  # a socket
            if words in said:
                missing.pop(key.fd, None)
            elif key.fd in missing:
                missing[key.fd] = said
