"""A node to ask, and nodes as processes."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nsredis.client.http_client import ApiClient
from tests.conftest import NodeFactory
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

if TYPE_CHECKING:
    from nsredis.node import Node


@pytest.fixture
async def node(node_factory: NodeFactory, store_server: StoreProcess) -> "Node":
    """A node in a namespace of its own."""
    return await node_factory(store_server.url)


@pytest.fixture
def server(node: "Node") -> str:
    """Its URL."""
    return f"http://{node.http_address}"


@pytest.fixture
async def client(server: str) -> AsyncIterator[ApiClient]:
    """A client of it."""
    async with ApiClient(server) as client:
        yield client


Serve = Callable[..., ServeProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts nodes, each with `--data-dir` in this test's folder unless arguments name a store."""
    nodes: list[ServeProcess] = []

    def start(*arguments: str, environ: dict[str, str] | None = None) -> ServeProcess:
        place = [] if {"--redis", "--data-dir"} & set(arguments) else ["--data-dir", str(tmp_path / "data")]
        node = ServeProcess(tmp_path, *place, *arguments, environ=environ)
        nodes.append(node)
        node.start()
        return node

    yield start
    for node in nodes:
        node.kill9()
