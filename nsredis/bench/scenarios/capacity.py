"""What brokers and topics cost in the store and in a node, and where one store is full: for docs/capacity.md."""

import asyncio
from typing import Final

import msgspec

from nsredis.bench.brokers import registration as registration_frame
from nsredis.bench.brokers import spread
from nsredis.bench.capacity.figures import NAME, OPERATION, SIZE, THROUGH_NODE, size_case
from nsredis.bench.capacity.footprint import bytes_by_kind, fill, used_bytes
from nsredis.bench.capacity.knee import Step, batches, measure_rate, to_the_knee
from nsredis.bench.capacity.operations import count_operations
from nsredis.bench.capacity.registry import open_registry
from nsredis.bench.kernel.accounting import memory_mib
from nsredis.bench.kernel.cores import on_cores
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.ours import OurNode, Store, our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.core.brokers import Beat
from nsredis.registry.broker_store import Command
from nsredis.wire.api_types import HeartbeatItem, HeartbeatsBody

NAMESPACE: Final = "default"
"""Of a node without settings."""

SIZES: Final = ((0, 0), (10_000, 0), (50_000, 0), (100, 1000))
"""Brokers, and topics of each."""

KNEE_FROM: Final = 10_000
KNEE_S: Final = 2.0
"""Seconds, as a multiple of a round."""

BATCH: Final = 100
CONNECTIONS: Final = 16
REGISTERED: Final = 1000
TOPICS: Final = 100


def measure(session: Session) -> list[Measurement]:
    """Operations, bytes, the knee, and processor time through a node."""
    found = _operations(session)
    for brokers, topics in SIZES:
        found += _sized(session, brokers, topics)
    return found + _through_a_node(session)


def _url(store: Store) -> str:
    return f"redis://127.0.0.1:{store.port}/0"


def _operations(session: Session) -> list[Measurement]:
    session.tell(f"{NAME}: operations")

    async def counted(url: str) -> list[Measurement]:
        found = []
        async with open_registry(url, NAMESPACE) as registry:
            for name, cost in (await count_operations(registry)).items():
                one = Measurement(NAME, f"{OPERATION}{name}", "nsredis", {})
                one.note(**{f"calls_{command}": float(calls) for command, calls in cost.calls.items()})
                one.note(sent_bytes=round(cost.sent), received_bytes=round(cost.received))
                found.append(one)
        return found

    with Store(session.folder / "capacity-operations", session.cores.server) as store:
        session.told[store.name] = f"{store.about} with an append-only file"
        return asyncio.run(counted(_url(store)))


def _sized(session: Session, brokers: int, topics: int) -> list[Measurement]:
    """A store with so many brokers and topics: its bytes, a node's memory, and how fast these may beat."""
    case = size_case(brokers, topics)
    session.tell(f"{NAME}: {case}")
    sized, found = Measurement(NAME, f"{SIZE}{case}", "nsredis", {}), []
    folder = session.folder / f"capacity-{brokers}-{topics}"
    with Store(folder, session.cores.server) as store:
        with on_cores(session.cores.load):
            commands = asyncio.run(_filled(store, brokers, topics, sized))
        if brokers >= KNEE_FROM and not topics:
            found = _knee(session, store, case, commands)
        for _ in range(min(3, session.rounds)):
            session.quiet.wait()
            with OurNode(folder, session.cores.load, store) as node:
                sized.note(ready_s=node.wait_ready(), node_mib=memory_mib(node.pid))
    return [sized, *found]


async def _filled(store: Store, brokers: int, topics: int, sized: Measurement) -> list[Command]:
    """Fill the store; the commands with which its brokers beat."""
    async with open_registry(_url(store), NAMESPACE) as registry:
        before = await used_bytes(registry.redis)
        beats = await fill(registry, brokers, topics)
        kinds = await bytes_by_kind(registry)
        sized.note(**{f"bytes_{kind}": float(size) for kind, size in sorted(kinds.items())})
        sized.note(used_bytes=float(await used_bytes(registry.redis) - before), brokers=brokers, topics=topics)
        return registry.brokers.beat_commands(beats)


def _knee(session: Session, store: Store, case: str, commands: list[Command]) -> list[Measurement]:
    lanes, seconds = batches(commands), max(0.2, KNEE_S * session.seconds)
    found: list[Measurement] = []
    unquiet = 0.0

    def at_rate(rate: float) -> Step:
        nonlocal unquiet
        unquiet = session.quiet.wait()
        with on_cores(session.cores.load):
            return measure_rate(store.port, lanes, rate, seconds, store.usage)

    for step in to_the_knee(at_rate):
        one = Measurement(NAME, f"{case}, {step.wanted:,.0f} heartbeats a second", "store", {})
        one.note(wanted_rate=step.wanted, rate=step.rate, store_cpu_us=step.cpu_us, server_share=step.share)
        one.note(p50_us=step.p50_us, p99_us=step.p99_us, kept_up=float(step.kept_up), unquiet_share=unquiet)
        one.note(queued_share=step.waited)
        found.append(one)
        session.tell(f"{NAME}: {step.rate:,.0f} heartbeats a second, {100 * step.share:.0f} % of the store's core")
    return found


def _through_a_node(session: Session) -> list[Measurement]:
    """Heartbeats and unchanged registrations that come by way of a node: its processor time, and the store's."""
    folder = session.folder / "capacity-node"
    with our_nodes(folder, session.cores) as (node,):
        store = node.beside
        assert isinstance(store, Store)
        beats = asyncio.run(_registered(store))
        lanes = [[_batch(node, beats[at : at + BATCH])] for at in range(0, len(beats), BATCH)]
        frames = [registration_frame(broker) for broker in spread(CONNECTIONS, TOPICS, word="planned")]
        by_http = Subject(node, Plan(Protocol.HTTP, lanes), node.http_port, BATCH)
        by_remoting = Subject(node, Plan(Protocol.REMOTING, [[Request(frame)] for frame in frames]))
        beating = take_turns(session, NAME, THROUGH_NODE.heartbeat, [by_http], Shape(len(lanes)))
        registering = take_turns(session, NAME, THROUGH_NODE.registration, [by_remoting], Shape(CONNECTIONS))
        registering[0].note(topic_frame_bytes=len(frames[0]) / TOPICS)
        return beating + registering


async def _registered(store: Store) -> list[Beat]:
    async with open_registry(_url(store), NAMESPACE) as registry:
        return await fill(registry, REGISTERED, 1)


def _batch(node: OurNode, beats: list[Beat]) -> Request:
    items = [HeartbeatItem(beat.cluster, beat.name, beat.id, beat.epoch) for beat in beats]
    return Request(request("POST", node.http, "/v1/heartbeats", msgspec.json.encode(HeartbeatsBody(items))), None, 200)
