"""A node to ask."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from nsredis.client.http_client import ApiClient
from tests.conftest import NodeFactory
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
