"""Real brokers come and go; whoever asks for a route sees it."""

import time

import pytest

from tests.interop.broker import Broker
from tests.interop.conftest import StartBroker, known
from tests.interop.name_servers import NameServer
from tests.interop.releases import RELEASE_4, RELEASE_5, Release
from tests.interop.remoting import groups, routed
from tests.support.eventually import eventually

SOON_S = 1.0
"""In which a dead broker must be gone."""

releases = pytest.mark.parametrize("release", [RELEASE_5, RELEASE_4], ids=["broker-5", "broker-4"])


def test_brokers_register_by_themselves(fleet: dict[str, Broker], name_server: NameServer) -> None:
    for address in name_server.addresses:
        known = groups(address)
        assert {name: known[name] for name in fleet} == {name: {0: broker.address} for name, broker in fleet.items()}
        assert set(routed(address, "TBW102")) >= set(fleet)


@releases
async def test_a_killed_broker_is_gone_within_a_second(
    release: Release, name_server: NameServer, start_broker: StartBroker
) -> None:
    broker = await start_broker(release, name_server, "killed")
    assert all("killed" in routed(address, "TBW102") for address in name_server.addresses)
    died = time.monotonic()
    broker.kill9()
    await eventually(lambda: all("killed" not in routed(address, "TBW102") for address in name_server.addresses), 5)
    assert time.monotonic() - died < SOON_S
    assert all("killed" not in groups(address) for address in name_server.addresses)


async def test_a_broker_that_ends_in_good_order_says_so_first(
    name_server: NameServer, start_broker: StartBroker
) -> None:
    broker = await start_broker(RELEASE_5, name_server, "ending")
    broker.terminate()
    await eventually(lambda: all("ending" not in groups(address) for address in name_server.addresses), 20)
    assert broker.running, "it takes seconds to end after it has unregistered"


@releases
async def test_a_broker_that_comes_back_is_routed_again(
    release: Release, name_server: NameServer, start_broker: StartBroker
) -> None:
    broker = await start_broker(release, name_server, "back")
    broker.kill9()
    await eventually(lambda: all("back" not in groups(address) for address in name_server.addresses), 5)
    broker.start()
    broker.wait_ready()
    await known(name_server, broker.spec)
    assert all("back" in routed(address, "TBW102") for address in name_server.addresses)
