from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

TwoProcesses = Callable[[str], Awaitable[tuple[ServeProcess, ServeProcess]]]


@pytest.fixture
async def two(node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession) -> tuple[Api, Api]:
    """Two nodes on the shared store, in this process."""
    first = await node_factory(store_server.url, node_id="one")
    second = await node_factory(store_server.url, node_id="two")
    return Api(http, first.http_address), Api(http, second.http_address)


@pytest.fixture
async def two_processes(namespace: str, tmp_path: Path) -> AsyncIterator[TwoProcesses]:
    """Starts two nodes on a store, each a process of its own: what they stall is not what this process stalls."""
    nodes: list[ServeProcess] = []

    async def start(store_url: str) -> tuple[ServeProcess, ServeProcess]:
        arguments = ("--redis", store_url, "--namespace", namespace, "--settle-ms", "0")
        first, second = (ServeProcess(tmp_path, *arguments) for _ in range(2))
        for node in (first, second):
            nodes.append(node)
            node.start()
        for node in nodes:
            await node.ready()
        return first, second

    yield start
    for node in nodes:
        node.kill9()
