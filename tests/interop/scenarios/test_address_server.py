"""Brokers and clients that know but a domain find the nodes, and follow them as they come and go."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from tests.interop.broker import Broker, BrokerSpec, register
from tests.interop.clients import Producer, bodies
from tests.interop.logged_process import LoggedProcess
from tests.interop.releases import RELEASE_4, RELEASE_5
from tests.interop.scenarios import evidence
from tests.interop.scenarios.conftest import Start
from tests.interop.scenarios.own_nodes import OwnNodes
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

NEW_ADDRESSES: Final = re.compile(r"name server address changed.*new[:=]? ?(\S+)")
REGISTRATIONS: Final = 'nsredis_remoting_requests_total{answer="0",code="103"}'
OFTEN: Final = {"fetchNamesrvAddrInterval": 1000}
"""How often a 5.x broker asks, after the first ten seconds. A 4.x does so every two minutes."""

SOON_S: Final = 45.0


@pytest.fixture
def one_node(store_server: StoreProcess, namespace: str, tmp_path: Path) -> Iterator[OwnNodes]:
    """A node that is alone at first."""
    with OwnNodes(tmp_path, store_server.url, namespace, 1) as nodes:
        yield nodes


def _addresses(process: LoggedProcess) -> set[str]:
    """The name servers that a broker or client says it has now. A 4.x client says it in a file of its own."""
    file = process.folder / "logs" / "rocketmqlogs" / "rocketmq_client.log"
    said = process.output + (file.read_text() if file.exists() else "")
    lists: list[str] = NEW_ADDRESSES.findall(said)
    return set(lists[-1].split(";")) if lists else set()


async def _follow(processes: Sequence[LoggedProcess], *nodes: ServeProcess) -> None:
    """Wait until everybody has these nodes, and no other."""
    wanted = {node.remoting for node in nodes}
    for process in processes:
        await eventually(lambda: _addresses(process) == wanted, SOON_S, what=f"{process.name} has {wanted}")  # noqa: B023


async def _registers(broker: Broker, node: Api) -> None:
    """A broker that is asked to register does so with this node too."""

    async def has_registered() -> bool:
        register(broker.spec)
        return await evidence.metric(node, REGISTRATIONS) > 0

    await eventually(has_registered, SOON_S, every_s=0.5)


async def test_a_domain_is_enough(
    one_node: OwnNodes, http: aiohttp.ClientSession, tmp_path: Path, start: Start[LoggedProcess]
) -> None:
    first = one_node.nodes[0]
    old, new = (
        Broker(release, tmp_path, "", BrokerSpec(f"found-{release.major}", settings=OFTEN), domain=first.http)
        for release in (RELEASE_4, RELEASE_5)
    )
    for broker in (old, new):
        start(broker)
    first_api = Api(http, first.http)
    await eventually(lambda: evidence.online(first_api, old.spec, new.spec), SOON_S, every_s=0.2)
    await _follow([old, new], first)

    clients = [
        Producer(release, tmp_path / f"client-{release}", "", f"Found{release.major}", pause_ms=50, domain=first.http)
        for release in (RELEASE_4, RELEASE_5)
    ]
    for client in clients:
        client.folder.mkdir()
        start(client)
    for client in clients:
        client.wait_for("^started")
    await _follow(clients, first)
    second = one_node.another()
    second.start()  # before clients ask for the second time: they do so after ten seconds, and then every two minutes
    await second.ready()
    second_api = Api(http, second.http)
    await _follow([new, *clients], first, second)
    await _registers(new, second_api)

    for client in clients:
        client.wait_for("^sent")
    failed = [bodies(client, "failed") for client in clients]
    revision = await evidence.revision(second_api)
    first.terminate()
    await first.ended()
    third = one_node.another(instead_of=first)
    third.start()
    await third.ready()
    await _follow([new], second, third)
    third_api = Api(http, third.http)
    await _registers(new, third_api)
    assert await evidence.removals(second_api, revision) == []
    for client in clients:
        count = len(bodies(client, "sent"))
        client.wait_until(lambda client=client, count=count: len(bodies(client, "sent")) > count, SOON_S, "sends on")  # type: ignore[misc]
    assert [bodies(client, "failed") for client in clients] == failed
