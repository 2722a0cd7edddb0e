"""Brokers register in every form that RocketMQ has; what they have is what is served, and repeating it is a beat.

They are registered with RocketMQ's own name server too, which routes to them alike.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests.interop.broker import Broker, BrokerSpec, register
from tests.interop.logged_process import LoggedProcess
from tests.interop.name_servers import JavaNameServer
from tests.interop.releases import RELEASE_4, RELEASE_5, Release
from tests.interop.remoting import routed
from tests.interop.scenarios import evidence
from tests.interop.scenarios.conftest import Start
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.eventually import eventually

KINDS: Final[dict[str, tuple[Release, dict[str, object]]]] = {
    "compressed": (RELEASE_5, {"compressedRegister": True}),
    "compressed-4": (RELEASE_4, {"compressedRegister": True}),
    "split": (RELEASE_5, {"enableSplitRegistration": True, "splitRegistrationSize": 5}),
    "single-topic": (RELEASE_5, {"enableSingleTopicRegister": True}),
    "asking-first": (RELEASE_5, {"forceRegister": False}),
    "asking-first-4": (RELEASE_4, {"forceRegister": False}),
}
ONLY_OURS: Final = "compressed"
"""What a 5.x compresses the real one cannot read: see test_registrations."""
MANY: Final = 50
"""Topics of the broker that sends them in slices: more than a dozen slices."""

SOON_S: Final = 30.0
REFRESHED: Final = 'nsredis_registrations_total{outcome="refreshed"}'

kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def real(module_folder: Path, start_for_all: Start[LoggedProcess]) -> JavaNameServer:
    """RocketMQ's own name server."""
    server = JavaNameServer(RELEASE_5, module_folder)
    start_for_all(server)
    server.wait_ready()
    return server


@pytest.fixture(scope="module")
def brokers(two_nodes: OwnNodes, real: JavaNameServer, module_folder: Path) -> Iterator[dict[str, Broker]]:
    """One broker of every kind."""
    everywhere = f"{two_nodes.remoting};{real.remoting}"
    with ExitStack() as ends:
        started = {}
        for name, (release, settings) in KINDS.items():
            spec = BrokerSpec(name, settings=settings)
            started[name] = Broker(release, module_folder, everywhere, spec)
            ends.callback(started[name].kill9)
            started[name].start()
        for broker in started.values():
            broker.wait_ready()
        yield started


async def _serves(nodes: list[Api], spec: BrokerSpec) -> bool:
    own = await asyncio.to_thread(evidence.own_topics, spec)
    for node in nodes:
        assert await evidence.served_topics(node, spec.name) == own
    return bool(own)


@kinds
async def test_what_a_broker_has_is_what_is_served(kind: str, brokers: dict[str, Broker], both: list[Api]) -> None:
    spec = brokers[kind].spec
    await eventually(lambda: _serves(both, spec), SOON_S, what=f"{kind} is served as it is", every_s=0.2)
    for node in both:
        assert await evidence.online(node, spec)


@kinds
async def test_a_topic_that_a_broker_gets_is_served_and_stays(
    kind: str, brokers: dict[str, Broker], both: list[Api], two_nodes: OwnNodes, real: JavaNameServer
) -> None:
    spec = brokers[kind].spec
    await eventually(lambda: _serves(both, spec), SOON_S, every_s=0.2)
    for number in range(MANY if kind == "split" else 1):
        evidence.create_topic(spec, f"New{number}-{kind}", queues=3)
    await eventually(lambda: _serves(both, spec), SOON_S, what="the new topics are served", every_s=0.2)
    evidence.create_topic(spec, f"New0-{kind}", queues=5, perm=4)
    await eventually(lambda: _serves(both, spec), SOON_S, what="the change is served", every_s=0.2)
    register(spec)
    assert await _serves(both, spec)

    addresses = [*two_nodes.addresses, *([real.remoting] if kind != ONLY_OURS else [])]

    def is_routed() -> bool:
        topics = f"New0-{kind}", "TBW102"
        return all(routed(at, topic).get(kind) == {0: spec.address} for at in addresses for topic in topics)

    await eventually(is_routed, SOON_S, what="both are routed, the new one and the old one", every_s=0.1)


async def test_a_single_topic_comes_by_a_request_of_its_own(brokers: dict[str, Broker], both: list[Api]) -> None:
    spec = brokers["single-topic"].spec
    evidence.create_topic(spec, "Alone")
    for node in both:
        assert await evidence.metric(node, 'nsredis_remoting_requests_total{answer="0",code="217"}')
        assert "Alone" in await evidence.served_topics(node, spec.name)


async def test_the_same_again_is_a_beat(brokers: dict[str, Broker], both: list[Api]) -> None:
    node, specs = both[0], [broker.spec for broker in brokers.values()]

    async def all_beat() -> int:
        """The revision before every broker has been heard of once more."""
        revision = await evidence.revision(node)
        before = {spec.name: await evidence.last_beat_ms(node, spec) for spec in specs}

        async def all_have_beaten() -> bool:
            return all([await evidence.last_beat_ms(node, spec) > before[spec.name] for spec in specs])

        await eventually(all_have_beaten, SOON_S, what="everybody is heard of again", every_s=0.2)
        return revision

    await all_beat()  # who got a topic has told its table under its new version since then
    refreshed = [await evidence.metric(api, REFRESHED) for api in both]
    revision = await all_beat()
    assert await evidence.events(node, revision) == []
    for api, count in zip(both, refreshed, strict=True):
        assert await evidence.metric(api, REFRESHED) > count


async def test_who_asks_first_is_told_that_nothing_changed(brokers: dict[str, Broker], two_nodes: OwnNodes) -> None:
    for address in two_nodes.addresses:
        brokers["asking-first"].wait_for(f"Query data version from name server {address} OK, changed false")
