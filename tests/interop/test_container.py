"""Brokers of one container share a connection to each name server."""

from pathlib import Path

from tests.interop.broker import BrokerContainer, BrokerSpec
from tests.interop.conftest import known
from tests.interop.name_servers import NameServer
from tests.interop.releases import RELEASE_5
from tests.interop.remoting import groups, unregister
from tests.support.eventually import eventually

ONE_STAYS = ("java-5", "java-4")
"""Name servers that, when a connection closes, remove only one of the brokers that came by it."""


async def test_both_brokers_of_a_killed_container_are_gone(kind: str, name_server: NameServer, tmp_path: Path) -> None:
    specs = [BrokerSpec("inside-a"), BrokerSpec("inside-b")]
    names = {spec.name for spec in specs}
    container = BrokerContainer(RELEASE_5, tmp_path, name_server.remoting, specs)
    container.start()
    try:
        container.wait_ready()
        for spec in specs:
            await known(name_server, spec)
        container.kill9()
        left = int(kind in ONE_STAYS)
        await eventually(
            lambda: all(len(names & set(groups(address))) == left for address in name_server.addresses),
            5,
            what=f"{left} of {names} is left",
        )
    finally:
        container.kill9()
        for spec in specs if kind in ONE_STAYS else ():  # it would stay for two minutes, and other tests find it
            unregister(name_server.remoting, spec.cluster, spec.name, spec.broker_id, spec.address)
