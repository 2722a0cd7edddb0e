"""Real name servers, brokers and mqadmin for the interop tests. Nothing is skipped when Java or Maven is missing."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.interop.broker import Broker, BrokerSpec, register
from tests.interop.logged_process import RUNNING
from tests.interop.mqadmin import MqAdmin
from tests.interop.name_servers import JavaNameServer, NameServer, Several
from tests.interop.releases import RELEASE_4, RELEASE_5, Release
from tests.interop.remoting import groups
from tests.support.eventually import eventually
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

KINDS = ("java-5", "java-4", "nsredis")
"""The name servers that every test is run against."""

BY_ITSELF_S = 20.0
"""In which a broker registers by itself: a 5.x often only ten seconds after its start."""

# Without its timer a 5.4.0 fails when a topic is deleted.
CAN_DELETE = {"timerWheelEnable": True, "mappedFileSizeTimerLog": 1 << 20}


@pytest.hookimpl(tryfirst=True)  # before marks are selected by
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.interop)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the last words of every process that runs when a test fails."""
    report: pytest.TestReport = yield  # type: ignore[assignment]  # what a wrapper is sent
    if report.failed:
        report.sections.extend((f"{process.name} ({process.log})", process.tail(25)) for process in RUNNING)
    return report  # type: ignore[return-value]


@pytest.fixture(scope="session")
def interop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of the whole session keep their things."""
    return tmp_path_factory.mktemp("interop")


@pytest.fixture(scope="session")
def mqadmin(interop_folder: Path) -> Iterator[MqAdmin]:
    """RocketMQ 5's mqadmin."""
    shell = MqAdmin(RELEASE_5, interop_folder)
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def nodes_of_ours(store_server: StoreProcess, interop_folder: Path) -> Iterator[Several]:
    """Two nodes of nsredis on one store."""
    arguments = ["--redis", store_server.url, "--namespace", "interop", "--settle-ms", "0"]
    nodes = [ServeProcess(interop_folder, *arguments, "--node-id", f"node{number}") for number in (1, 2)]
    for node in nodes:
        node.start()

    async def all_ready() -> None:
        for node in nodes:
            await node.ready()

    try:
        asyncio.run(all_ready())
        yield Several([node.remoting for node in nodes])
    finally:
        for node in nodes:
            node.kill9()


@pytest.fixture(scope="session")
def name_servers(nodes_of_ours: Several, interop_folder: Path) -> Iterator[dict[str, NameServer]]:
    """One of every kind, for the whole session."""
    java = {
        "java-5": JavaNameServer(RELEASE_5, interop_folder),
        "java-4": JavaNameServer(RELEASE_4, interop_folder),
    }
    try:
        for server in java.values():
            server.start()
        for server in java.values():
            server.wait_ready()
        yield {**java, "nsredis": nodes_of_ours}
    finally:
        for server in java.values():
            server.kill9()


@pytest.fixture(scope="session")
def fleet(name_servers: dict[str, NameServer], interop_folder: Path) -> Iterator[dict[str, Broker]]:
    """broker-a, a 5.x, and broker-b, a 4.x, of one cluster. Both are registered with every name server."""
    everywhere = ";".join(server.remoting for server in name_servers.values())
    brokers = {
        "broker-a": Broker(RELEASE_5, interop_folder, everywhere, BrokerSpec("broker-a", settings=CAN_DELETE)),
        "broker-b": Broker(RELEASE_4, interop_folder, everywhere, BrokerSpec("broker-b")),
    }
    try:
        for broker in brokers.values():
            broker.start()
        for broker in brokers.values():
            broker.wait_ready()
        for server in name_servers.values():
            for address in server.addresses:
                _wait_for(brokers, address)
        yield brokers
    finally:
        for broker in brokers.values():
            broker.kill9()


def _wait_for(brokers: dict[str, Broker], address: str) -> None:
    for name, broker in brokers.items():

        def is_known(name: str = name) -> bool:
            return name in groups(address)

        broker.wait_until(is_known, BY_ITSELF_S, f"registers with {address}")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which name server a test runs against."""
    value: str = request.param
    return value


@pytest.fixture
def name_server(kind: str, name_servers: dict[str, NameServer]) -> NameServer:
    """The name server that a test runs against."""
    return name_servers[kind]


class StartBroker(Protocol):
    """Starts a broker that belongs to the test, and waits until every address of a name server knows it."""

    async def __call__(
        self,
        release: Release,
        name_server: NameServer,
        name: str,
        settings: Mapping[str, object] | None = None,
        *,
        broker_id: int = 0,
        wait: bool = True,
    ) -> Broker: ...


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[StartBroker]:
    """A factory of brokers that end with the test."""
    with ExitStack() as ends:

        async def start(
            release: Release,
            name_server: NameServer,
            name: str,
            settings: Mapping[str, object] | None = None,
            *,
            broker_id: int = 0,
            wait: bool = True,
        ) -> Broker:
            spec = BrokerSpec(name, broker_id, settings=settings or {})
            broker = Broker(release, tmp_path, name_server.remoting, spec)
            ends.callback(broker.kill9)
            broker.start()
            broker.wait_ready()
            if wait:
                await known(name_server, broker.spec)
            return broker

        yield start


async def known(name_server: NameServer, spec: BrokerSpec) -> None:
    """Wait until every address of a name server knows a broker, which is asked to register until then."""

    def is_known() -> bool:
        if all(groups(at).get(spec.name, {}).get(spec.broker_id) == spec.address for at in name_server.addresses):
            return True
        register(spec)
        return False

    await eventually(is_known, BY_ITSELF_S, what=f"{spec.name} is registered", every_s=0.2)
