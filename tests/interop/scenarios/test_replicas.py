"""Masters and their slaves: slaves hear of their masters, copy them, and are read when the master is gone."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from nsredis.wire.commands import Command
from tests.interop.broker import Broker, BrokerSpec
from tests.interop.clients import Consumer, Producer, bodies
from tests.interop.logged_process import LoggedProcess
from tests.interop.releases import RELEASE_4, RELEASE_5, Release
from tests.interop.remoting import ask, routed, topic_perms
from tests.interop.scenarios import evidence
from tests.interop.scenarios.conftest import Start
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.eventually import eventually

# With two replicas a broker takes part only after it has heard of the other one from a name server and has asked it for
# its state, of which the timer's is one.
ACTING: Final[dict[str, object]] = {
    "enableSlaveActingMaster": True,
    "totalReplicas": 2,
    "timerWheelEnable": True,
    "mappedFileSizeTimerLog": 1 << 20,
}
PAIRS: Final[dict[str, tuple[Release, dict[str, object]]]] = {
    "pair-5": (RELEASE_5, {}),
    "pair-4": (RELEASE_4, {}),
    "acting-322": (RELEASE_5, ACTING),
    "acting-904": (RELEASE_5, ACTING | {"compatibleWithOldNameSrv": False}),
}
COUNT: Final = 20
SOON_S: Final = 45.0
GONE_S: Final = 5.0
"""In which a dead master is gone: before its lease ends, as soon as its port refuses."""
LEASE_MS: Final = 10_000
"""Of brokers with enableSlaveActingMaster, which they tell."""

GET_MAX_OFFSET: Final = 30
WRITE: Final = 2


@dataclass(frozen=True)
class Pair:
    """A master and its slave, in one group."""

    master: Broker
    slave: Broker

    @property
    def name(self) -> str:
        """Of the group, and of a topic that both have from their start: a 5.x asks for others once a minute."""
        return self.master.spec.name

    @property
    def addresses(self) -> dict[int, str]:
        return {0: self.master.address, 1: self.slave.address}


@pytest.fixture(scope="module")
def pairs(two_nodes: OwnNodes, module_folder: Path) -> Iterator[dict[str, Pair]]:
    """Every pair, in a namespace where slaves may act."""
    two_nodes.command("settings", "set", "supportActingMaster", "true")
    two_nodes.command("settings", "set", "notifyMinBrokerIdChanged", "true")
    with ExitStack() as ends:
        started = {}
        for name, (release, settings) in PAIRS.items():
            master, slave = (
                Broker(
                    release,
                    module_folder,
                    two_nodes.remoting,
                    BrokerSpec(name, number, settings={"slaveReadEnable": True} | settings),
                )
                for number in (0, 1)
            )
            for broker in (master, slave):
                ends.callback(broker.kill9)
                broker.start()
            started[name] = Pair(master, slave)
        for pair in started.values():
            pair.master.wait_ready()
            pair.slave.wait_ready()
        yield started


async def _routed(nodes: OwnNodes, pair: Pair, addresses: dict[int, str], within_s: float = SOON_S) -> None:
    """Wait until every node routes to these addresses."""
    await eventually(
        lambda: all(routed(at, pair.name) == {pair.name: addresses} for at in nodes.addresses),
        within_s,
        what=f"{pair.name} is at {addresses}",
    )


async def _send_and_copy(nodes: OwnNodes, pair: Pair, folder: Path, start: Start[LoggedProcess]) -> None:
    """Send some messages to the master, and wait until the slave has them."""
    await _routed(nodes, pair, pair.addresses)
    producer = start(Producer(pair.master.release, folder, nodes.remoting, pair.name, count=COUNT))
    producer.wait_for("^done$")
    assert len(bodies(producer, "sent")) == COUNT
    await eventually(lambda: _messages(pair.slave.spec, pair.name) == COUNT, SOON_S, every_s=0.2)


def _messages(spec: BrokerSpec, topic: str) -> int:
    answer = ask(spec.address, Command(GET_MAX_OFFSET, ext={"topic": topic, "queueId": "0"}))
    assert answer.ext is not None, answer
    return int(answer.ext["offset"])


def _read(nodes: OwnNodes, pair: Pair, folder: Path, start: Start[LoggedProcess]) -> None:
    """A consumer that comes now receives every message. Its group is its own: in one group all must read the same."""
    consumer = start(Consumer(pair.master.release, folder, nodes.remoting, pair.name, f"late-{pair.name}"))
    consumer.wait_until(lambda: len(set(bodies(consumer, "received"))) == COUNT, SOON_S, f"receives {COUNT}")


@pytest.mark.parametrize("name", ["pair-5", "pair-4"])
async def test_a_slave_copies_its_master_and_is_read_when_that_is_gone(
    name: str, pairs: dict[str, Pair], two_nodes: OwnNodes, tmp_path: Path, start: Start[LoggedProcess]
) -> None:
    pair = pairs[name]
    await _send_and_copy(two_nodes, pair, tmp_path, start)
    pair.master.kill9()
    await _routed(two_nodes, pair, {1: pair.slave.address}, GONE_S)
    assert _may_write(two_nodes, pair)
    _read(two_nodes, pair, tmp_path, start)


@pytest.mark.parametrize("name", ["acting-322", "acting-904"])
async def test_a_slave_acts_for_its_master_until_that_is_back(
    name: str, pairs: dict[str, Pair], two_nodes: OwnNodes, both: list[Api], tmp_path: Path, start: Start[LoggedProcess]
) -> None:
    pair = pairs[name]
    await _send_and_copy(two_nodes, pair, tmp_path, start)
    assert (await evidence.broker(both[0], pair.master.spec))["leaseMs"] == LEASE_MS

    pair.master.kill9()
    await _routed(two_nodes, pair, {0: pair.slave.address}, GONE_S)
    assert not _may_write(two_nodes, pair)
    pair.slave.wait_for("min broker id changed, prev [01], new 1")
    _read(two_nodes, pair, tmp_path, start)

    pair.master.start()
    await _routed(two_nodes, pair, pair.addresses)
    assert _may_write(two_nodes, pair)
    pair.slave.wait_for("(?s)min broker id changed, prev [01], new 1.*min broker id changed, prev [01], new 0")


def _may_write(nodes: OwnNodes, pair: Pair) -> bool:
    perms = {topic_perms(at, pair.name)[pair.name] for at in nodes.addresses}
    assert len(perms) == 1
    return bool(perms.pop() & WRITE)
