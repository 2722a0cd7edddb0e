"""All nodes are restarted, one after the other: brokers stay, no send fails, no message is lost."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from tests.interop.broker import Broker, BrokerSpec
from tests.interop.clients import Consumer, Producer, bodies
from tests.interop.releases import RELEASE_4, RELEASE_5
from tests.interop.remoting import routed
from tests.interop.scenarios import evidence
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

SOON_S: Final = 45.0
RELEASES: Final = (RELEASE_5, RELEASE_4)


@dataclass(frozen=True)
class Traffic:
    """A producer that sends all the time, and the consumer of what it sends."""

    producer: Producer
    consumer: Consumer

    @property
    def sent(self) -> set[str]:
        return set(bodies(self.producer, "sent"))

    async def sends_on(self) -> None:
        """Wait until it has sent more than now."""
        count = len(self.sent)
        await eventually(lambda: len(self.sent) > count + 5, SOON_S, what=f"{self.producer.name} sends on")

    async def receives_all(self) -> None:
        """Wait until the consumer has what was sent so far."""
        sent = self.sent
        await eventually(
            lambda: set(bodies(self.consumer, "received")) >= sent,
            SOON_S,
            what=f"{len(sent)} come to {self.consumer.name}",
        )


@pytest.fixture(scope="module")
def three_nodes(store_server: StoreProcess, module_folder: Path) -> Iterator[OwnNodes]:
    """Nodes that serve on for a second when they are asked to end, and tell clients to go elsewhere."""
    with OwnNodes(module_folder, store_server.url, module_folder.name, 3, "--drain-wait-ms", "1000") as nodes:
        yield nodes


@pytest.fixture(scope="module")
def brokers(three_nodes: OwnNodes, module_folder: Path) -> Iterator[list[Broker]]:
    """A 5.x, a 4.x, and one whose lease is short."""
    acting = {"enableSlaveActingMaster": True}
    started = [
        Broker(RELEASE_5, module_folder, three_nodes.remoting, BrokerSpec("stays-5")),
        Broker(RELEASE_4, module_folder, three_nodes.remoting, BrokerSpec("stays-4")),
        Broker(RELEASE_5, module_folder, three_nodes.remoting, BrokerSpec("stays-acting", settings=acting)),
    ]
    with ExitStack() as ends:
        for broker in started:
            ends.callback(broker.kill9)
            broker.start()
        for broker in started:
            broker.wait_ready()
        yield started


@pytest.fixture(scope="module")
def traffic(three_nodes: OwnNodes, brokers: list[Broker], module_folder: Path) -> Iterator[list[Traffic]]:
    """Clients of both releases, each with a topic of its own."""
    names = {broker.spec.name for broker in brokers}
    started = []
    with ExitStack() as ends:
        for release in RELEASES:
            topic = f"Rolling{release.major}"
            for broker in brokers:
                evidence.create_topic(broker.spec, topic)
            for address in three_nodes.addresses:
                brokers[0].wait_until(
                    lambda at=address, topic=topic: set(routed(at, topic)) == names,  # type: ignore[misc]
                    SOON_S,
                    f"{topic} is routed",
                )
            producer = Producer(release, module_folder, three_nodes.remoting, topic, pause_ms=20)
            consumer = Consumer(release, module_folder, three_nodes.remoting, topic, f"reads-{topic}")
            for process in (producer, consumer):
                ends.callback(process.kill9)
                process.start()
            started.append(Traffic(producer, consumer))
        yield started


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_restarts_of_all_nodes_are_not_noticed(
    how: signal.Signals,
    three_nodes: OwnNodes,
    brokers: list[Broker],
    traffic: list[Traffic],
    http: aiohttp.ClientSession,
) -> None:
    nodes = three_nodes.nodes
    lives = await _lives(Api(http, nodes[0].http), brokers)
    for clients in traffic:
        await clients.sends_on()
    failed = [bodies(clients.producer, "failed") for clients in traffic]
    for node, other in zip(nodes, nodes[1:] + nodes[:1], strict=True):
        witness = Api(http, other.http)
        revision = await evidence.revision(witness)
        await _restart(node, how, traffic)
        for clients in traffic:
            await clients.sends_on()
        assert await evidence.removals(witness, revision) == []
    assert await _lives(Api(http, nodes[0].http), brokers) == lives
    assert [bodies(clients.producer, "failed") for clients in traffic] == failed
    for clients in traffic:
        await clients.receives_all()


async def test_every_broker_beats_on(three_nodes: OwnNodes, brokers: list[Broker], http: aiohttp.ClientSession) -> None:
    node = Api(http, three_nodes.nodes[0].http)
    before = {broker.spec.name: await evidence.last_beat_ms(node, broker.spec) for broker in brokers}

    async def all_beat() -> bool:
        return all([await evidence.last_beat_ms(node, broker.spec) > before[broker.spec.name] for broker in brokers])

    await eventually(all_beat, SOON_S, every_s=0.2)
    assert await evidence.online(node, *(broker.spec for broker in brokers))


async def _lives(node: Api, brokers: list[Broker]) -> list[int]:
    """The epochs of brokers: who is removed and comes back gets another."""
    return [(await evidence.broker(node, broker.spec))["epoch"] for broker in brokers]


async def _restart(node: ServeProcess, how: signal.Signals, traffic: list[Traffic]) -> None:
    node.process.send_signal(how)
    code = await node.ended()
    assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    for clients in traffic:
        await clients.sends_on()
    node.start()
    await node.ready()
