"""What RocketMQ's own name servers make of brokers' registrations, which the scenarios see ours do too."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.broker import register
from tests.interop.conftest import StartBroker
from tests.interop.differential.fresh import fresh
from tests.interop.name_servers import NameServer, Several
from tests.interop.releases import RELEASE_5
from tests.interop.remoting import groups, routed, topic_perms
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

WRITE = 2

SOON_S = 15.0


@pytest.fixture
def real(name_servers: dict[str, NameServer]) -> NameServer:
    """The two real ones, of which every broker here is told."""
    return Several([*name_servers["java-5"].addresses, *name_servers["java-4"].addresses])


async def test_what_a_5x_compresses_they_cannot_read(real: NameServer, start_broker: StartBroker) -> None:
    broker = await start_broker(RELEASE_5, real, "unread", {"compressedRegister": True}, wait=False)

    def is_refused() -> bool:
        register(broker.spec)
        return broker.output.count("Failed to decode RegisterBrokerBody") >= len(real.addresses)

    await eventually(is_refused, SOON_S, what="the registration is refused", every_s=0.2)
    assert all("unread" not in groups(address) for address in real.addresses)


async def test_a_slave_is_listed_beside_its_master_and_outlives_it(real: NameServer, start_broker: StartBroker) -> None:
    master = await start_broker(RELEASE_5, real, "pair")
    slave = await start_broker(RELEASE_5, real, "pair", broker_id=1)
    both = {0: master.address, 1: slave.address}
    assert all(routed(at, "TBW102")["pair"] == both for at in real.addresses)
    master.kill9()
    alone = {1: slave.address}
    await eventually(lambda: all(routed(at, "TBW102").get("pair") == alone for at in real.addresses), 5)


async def test_a_slave_stands_in_for_its_master(
    start_broker: StartBroker, tmp_path: Path, store_server: StoreProcess
) -> None:
    settings = {"enableSlaveActingMaster": True}
    with ExitStack() as ends:
        own = await asyncio.to_thread(
            ends.enter_context, fresh("java-5", tmp_path, {"supportActingMaster": True}, store_server.url)
        )
        master = await start_broker(RELEASE_5, Several([own]), "acting", settings)
        slave = await start_broker(RELEASE_5, Several([own]), "acting", settings, broker_id=1)
        await eventually(lambda: routed(own, "TBW102") == {"acting": {0: master.address, 1: slave.address}}, 30)
        assert topic_perms(own, "TBW102")["acting"] & WRITE
        master.kill9()
        await eventually(lambda: routed(own, "TBW102") == {"acting": {0: slave.address}}, 5)
        assert not topic_perms(own, "TBW102")["acting"] & WRITE
        master.start()
        await eventually(lambda: routed(own, "TBW102") == {"acting": {0: master.address, 1: slave.address}}, 40)
        assert topic_perms(own, "TBW102")["acting"] & WRITE
