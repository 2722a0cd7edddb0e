"""Brokers register in every way that their settings know."""

import asyncio
import secrets
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.broker import register
from tests.interop.conftest import StartBroker
from tests.interop.differential.fresh import fresh
from tests.interop.mqadmin import MqAdmin
from tests.interop.name_servers import NameServer, NodesOfOurs
from tests.interop.releases import RELEASE_4, RELEASE_5, Release
from tests.interop.remoting import groups, routed, topic_perms
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

WRITE = 2

NEXT_S = 15.0
"""In which a broker registers again by itself: every 10 s."""

WAYS: dict[str, tuple[Release, dict[str, object]]] = {
    "in-parts": (RELEASE_5, {"enableSplitRegistration": True, "splitRegistrationSize": 5}),
    "topic-by-topic": (RELEASE_5, {"enableSingleTopicRegister": True}),
    "when-changed": (RELEASE_5, {"forceRegister": False}),
    "compressed": (RELEASE_5, {"compressedRegister": True}),
    "compressed-4": (RELEASE_4, {"compressedRegister": True}),
    "when-changed-4": (RELEASE_4, {"forceRegister": False}),
}


@pytest.mark.parametrize(
    ("way", "server"),
    [(way, server) for way in WAYS for server in ("java-5", "nsredis") if (way, server) != ("compressed", "java-5")],
)
async def test_a_new_topic_is_routed_and_stays(
    way: str, server: str, name_servers: dict[str, NameServer], start_broker: StartBroker, mqadmin: MqAdmin
) -> None:
    name_server = name_servers[server]
    release, settings = WAYS[way]
    broker = await start_broker(release, name_server, way, settings)
    topic = f"New{secrets.token_hex(4)}"
    mqadmin.run("updateTopic", "-b", broker.address, "-t", topic, "-n", name_server.remoting)

    def all_is_routed() -> bool:
        new = all(routed(at, topic) == {way: {0: broker.address}} for at in name_server.addresses)
        return new and all(way in routed(at, "TBW102") for at in name_server.addresses)

    await eventually(all_is_routed, NEXT_S, what=f"{topic} is routed, as is what was", every_s=0.1)
    register(broker.spec)
    assert all_is_routed()


@pytest.mark.parametrize("server", ["java-5", "java-4"])
async def test_what_a_5x_compresses_only_ours_can_read(
    server: str, name_servers: dict[str, NameServer], start_broker: StartBroker
) -> None:
    broker = await start_broker(RELEASE_5, name_servers[server], "unread", {"compressedRegister": True}, wait=False)

    def is_refused() -> bool:
        register(broker.spec)
        return "Failed to decode RegisterBrokerBody" in broker.output

    await eventually(is_refused, NEXT_S, what="the registration is refused", every_s=0.2)
    assert "unread" not in groups(name_servers[server].addresses[0])


async def test_a_slave_is_listed_beside_its_master_and_outlives_it(
    name_server: NameServer, start_broker: StartBroker
) -> None:
    master = await start_broker(RELEASE_5, name_server, "pair")
    slave = await start_broker(RELEASE_5, name_server, "pair", broker_id=1)
    both = {0: master.address, 1: slave.address}
    assert all(routed(at, "TBW102")["pair"] == both for at in name_server.addresses)
    master.kill9()
    alone = {1: slave.address}
    await eventually(lambda: all(routed(at, "TBW102").get("pair") == alone for at in name_server.addresses), 5)


@pytest.mark.parametrize(("server", "compatible"), [("java-5", True), ("nsredis", True), ("nsredis", False)])
async def test_a_slave_stands_in_for_its_master(
    server: str, compatible: bool, start_broker: StartBroker, tmp_path: Path, store_server: StoreProcess
) -> None:
    settings = {"enableSlaveActingMaster": True, "compatibleWithOldNameSrv": compatible}
    with ExitStack() as ends:
        own = await asyncio.to_thread(
            ends.enter_context, fresh(server, tmp_path, {"supportActingMaster": True}, store_server.url)
        )
        name_server = NodesOfOurs([own])
        master = await start_broker(RELEASE_5, name_server, "acting", settings)
        slave = await start_broker(RELEASE_5, name_server, "acting", settings, broker_id=1)
        await eventually(lambda: routed(own, "TBW102") == {"acting": {0: master.address, 1: slave.address}}, 30)
        assert topic_perms(own, "TBW102")["acting"] & WRITE
        master.kill9()
        await eventually(lambda: routed(own, "TBW102") == {"acting": {0: slave.address}}, 5)
        assert not topic_perms(own, "TBW102")["acting"] & WRITE
        master.start()
        await eventually(lambda: routed(own, "TBW102") == {"acting": {0: master.address, 1: slave.address}}, 40)
        assert topic_perms(own, "TBW102")["acting"] & WRITE
