"""What brokers and topics cost in the store and in a node, and where one store is full: for docs/capacity.md."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from nsredis.bench.brokers import Broker, Registered, spread
from nsredis.bench.brokers import registration as registration_frame
from nsredis.bench.capacity.figures import BEATS, BROKERS, NAME, OPERATION, THROUGH_NODE, TOPICS
from nsredis.bench.capacity.footprint import bytes_by_kind, fill, fill_tables, shared_tables, used_bytes
from nsredis.bench.capacity.knee import Step, batches, measure_rate, to_the_knee
from nsredis.bench.capacity.operations import count_operations
from nsredis.bench.capacity.promises import up_to_broken
from nsredis.bench.capacity.registry import open_registry, registration, topic_names
from nsredis.bench.capacity.served import (
    ask_for_all,
    measure_changes,
    measure_list,
    measure_reloads_of,
    measured_starts,
)
from nsredis.bench.kernel.cores import move, on_cores
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.ours import OurNode, Store, our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.core.brokers import Beat
from nsredis.core.queues import QueueData
from nsredis.registry.broker_store import Command
from nsredis.wire.api_types import HeartbeatItem, HeartbeatsBody
from nsredis.wire.codes import RequestCode

NAMESPACE: Final = "default"
"""Of a node without settings."""

MANY_BROKERS: Final = (0, 10_000, 50_000, 100_000)
LOOKED_UP: Final = spread(1, 100, word="looked-up")
"""One more, with topics: without any nothing could be looked up."""

MANY_TOPICS: Final = (100_000, 200_000, 400_000, 800_000, 1_600_000)
"""More and more, up to the first that breaks a promise."""

KNEE_FROM: Final = 10_000
KNEE_S: Final = 2.0
"""Seconds, as a multiple of a round."""

BATCH: Final = 100
CONNECTIONS: Final = 16
REGISTERED: Final = 1000
TOPICS_EACH: Final = 100


def measure(session: Session) -> list[Measurement]:
    """Operations, brokers, topics, and processor time through a node."""
    found = _operations(session)
    for brokers in MANY_BROKERS:
        found += _with_brokers(session, brokers)
    found += up_to_broken(partial(_with_topics, session), MANY_TOPICS)
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


def _with_brokers(session: Session, brokers: int) -> list[Measurement]:
    """A store with so many brokers without topics: its bytes, how fast these may beat, and a node of it."""
    sized, found = Measurement(NAME, f"{BROKERS}{brokers:,}", "nsredis", {}), []
    session.tell(f"{NAME}: {sized.case}")
    folder = session.folder / f"capacity-{brokers}-brokers"
    with Store(folder, session.cores.server) as store:
        with on_cores(session.cores.load):
            commands = asyncio.run(_filled(store, [()] * brokers, sized))
        sized.note(brokers=brokers)
        if brokers >= KNEE_FROM:
            found = _knee(session, store, brokers, commands)
        move(store.pid, session.cores.load)
        with measured_starts(session, folder, store, sized) as node:
            registered = Registered.at(node.port, LOOKED_UP)
            measure_reloads_of(session, node, store, LOOKED_UP, sized)
            measure_list(node, RequestCode.GET_BROKER_CLUSTER_INFO, sized)
            registered.close()
    return [sized, *found]


def _with_topics(session: Session, topics: int) -> Measurement:
    """A store with so many topics, a node of it, and a second one beside."""
    sized = Measurement(NAME, f"{TOPICS}{topics:,}", "nsredis", {})
    session.tell(f"{NAME}: {sized.case}")
    folder = session.folder / f"capacity-{topics}-topics"
    tables = shared_tables(topics)
    with Store(folder, session.cores.load) as store:
        with on_cores(session.cores.load):
            asyncio.run(_filled(store, tables, sized))
        sized.note(brokers=len(tables), topics=topics)
        with measured_starts(session, folder, store, sized) as node:
            brokers = [_broker(number, table) for number, table in enumerate(tables)]
            ask_for_all(node, topic_names(topics), sized)
            measure_reloads_of(session, node, store, brokers, sized)
            with OurNode(folder, session.cores.load, store, node_id="bench-2", name=f"{node.name} 2") as second:
                second.wait_ready()
                measure_changes(node, second, store, brokers[0], sized)
            measure_list(node, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, sized)
    return sized


def _broker(number: int, topics: Sequence[str]) -> Broker:
    """The broker of that number as one that speaks RocketMQ's protocol."""
    r = registration(number)
    return Broker(r.name, dict.fromkeys(topics, QueueData()), r.cluster, r.address)


async def _filled(store: Store, tables: Sequence[Sequence[str]], sized: Measurement) -> list[Command]:
    """Fill the store; the commands with which its brokers beat."""
    async with open_registry(_url(store), NAMESPACE) as registry:
        before = await used_bytes(registry.redis)
        beats = await fill_tables(registry, tables)
        kinds = await bytes_by_kind(registry)
        sized.note(**{f"bytes_{kind}": float(size) for kind, size in sorted(kinds.items())})
        sized.note(used_bytes=float(await used_bytes(registry.redis) - before))
        return registry.brokers.beat_commands(beats)


def _knee(session: Session, store: Store, brokers: int, commands: list[Command]) -> list[Measurement]:
    lanes, seconds = batches(commands), max(0.2, KNEE_S * session.seconds)
    found: list[Measurement] = []
    unquiet = 0.0

    def at_rate(rate: float) -> Step:
        nonlocal unquiet
        unquiet = session.quiet.wait()
        with on_cores(session.cores.load):
            return measure_rate(store.port, lanes, rate, seconds, store.usage)

    for step in to_the_knee(at_rate):
        one = Measurement(NAME, f"{BEATS}{brokers:,} brokers, {step.wanted:,.0f} a second", "store", {})
        one.note(brokers=brokers, wanted_rate=step.wanted, rate=step.rate)
        one.note(store_cpu_us=step.cpu_us, server_share=step.share)
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
        frames = [registration_frame(broker) for broker in spread(CONNECTIONS, TOPICS_EACH, word="planned")]
        by_http = Subject(node, Plan(Protocol.HTTP, lanes), node.http_port, BATCH)
        by_remoting = Subject(node, Plan(Protocol.REMOTING, [[Request(frame)] for frame in frames]))
        beating = take_turns(session, NAME, THROUGH_NODE.heartbeat, [by_http], Shape(len(lanes)))
        registering = take_turns(session, NAME, THROUGH_NODE.registration, [by_remoting], Shape(CONNECTIONS))
        registering[0].note(topic_frame_bytes=len(frames[0]) / TOPICS_EACH)
        return beating + registering


async def _registered(store: Store) -> list[Beat]:
    async with open_registry(_url(store), NAMESPACE) as registry:
        return await fill(registry, REGISTERED, 1)


def _batch(node: OurNode, beats: list[Beat]) -> Request:
    items = [HeartbeatItem(beat.cluster, beat.name, beat.id, beat.epoch) for beat in beats]
    return Request(request("POST", node.http, "/v1/heartbeats", msgspec.json.encode(HeartbeatsBody(items))), None, 200)
