from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from nsredis.node import Node
from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.remoting import RemotingClient
from tests.support.store_process import StoreProcess

Connect = Callable[[Node], Awaitable[RemotingClient]]


@pytest.fixture
async def node(node_factory: NodeFactory, store_server: StoreProcess) -> Node:
    """A ready node."""
    return await node_factory(store_server.url)


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens connections, which are closed at the end."""
    clients: list[RemotingClient] = []

    async def open_one(node: Node) -> RemotingClient:
        client = await RemotingClient.connect(node.remoting_address)
        clients.append(client)
        return client

    yield open_one
    for client in clients:
        await client.close()


@pytest.fixture
async def client(node: Node, connect: Connect) -> RemotingClient:
    """A connection to that node."""
    return await connect(node)


@pytest.fixture
def api(node: Node, http: aiohttp.ClientSession) -> Api:
    """The other door of that node."""
    return Api(http, node.http_address)
