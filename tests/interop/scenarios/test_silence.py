"""Brokers that die or freeze are gone in time, on every node, whichever node they spoke to."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.interop.broker import Broker, BrokerSpec
from tests.interop.releases import RELEASE_4, RELEASE_5
from tests.interop.remoting import routed
from tests.interop.scenarios import evidence
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.flicker import Stalls

TOPIC: Final = "TBW102"
GONE_S: Final = 1.0
LEASE_MS: Final = 25_000
ACTING_LEASE_MS: Final = 10_000
PROMISE_MS: Final = 500
SOON_S: Final = 45.0


@pytest.fixture(scope="module")
def brokers(two_nodes: OwnNodes, module_folder: Path) -> Iterator[dict[str, Broker]]:
    """Two that know but one node, and two that know both; who names no lease gets 25 s."""
    two_nodes.command("settings", "set", "remotingLeaseMs", str(LEASE_MS))
    first, both = two_nodes.addresses[0], two_nodes.remoting
    acting = {"enableSlaveActingMaster": True}
    with ExitStack() as ends:
        started = {
            "one-sided-5": Broker(RELEASE_5, module_folder, first, BrokerSpec("one-sided-5")),
            "one-sided-4": Broker(RELEASE_4, module_folder, first, BrokerSpec("one-sided-4")),
            "frozen": Broker(RELEASE_5, module_folder, both, BrokerSpec("frozen")),
            "frozen-acting": Broker(RELEASE_5, module_folder, both, BrokerSpec("frozen-acting", settings=acting)),
        }
        for broker in started.values():
            ends.callback(broker.kill9)
            broker.start()
        for broker in started.values():
            broker.wait_ready()
        yield started


async def _routed_everywhere(nodes: OwnNodes, name: str, *, there: bool = True) -> None:
    await eventually(lambda: all((name in routed(at, TOPIC)) is there for at in nodes.addresses), SOON_S)


@pytest.mark.parametrize("name", ["one-sided-5", "one-sided-4"])
async def test_a_broker_known_to_one_node_is_routed_and_gone_on_every_node(
    name: str, brokers: dict[str, Broker], two_nodes: OwnNodes
) -> None:
    await _routed_everywhere(two_nodes, name)
    async with Stalls() as stalls:
        died = time.monotonic()
        brokers[name].kill9()
        await _routed_everywhere(two_nodes, name, there=False)
        gone_s = time.monotonic() - died
    assert gone_s < GONE_S + stalls.longest_ms / 1000


async def test_a_frozen_broker_is_gone_after_its_lease(
    brokers: dict[str, Broker], two_nodes: OwnNodes, both: list[Api]
) -> None:
    leases = {"frozen": LEASE_MS, "frozen-acting": ACTING_LEASE_MS}
    for name in leases:
        await _routed_everywhere(two_nodes, name)
    async with Stalls() as stalls:
        for name in leases:
            brokers[name].pause()
        for name in sorted(leases, key=lambda name: leases[name]):
            await _routed_everywhere(two_nodes, name, there=False)
    for name, lease_ms in leases.items():
        gone = await evidence.broker(both[0], brokers[name].spec)
        assert (gone["state"], gone["reason"]) == ("offline", "expired")
        silent_ms = gone["offlineAtMs"] - gone["lastBeatMs"]
        assert lease_ms <= silent_ms <= lease_ms + PROMISE_MS + stalls.longest_ms
