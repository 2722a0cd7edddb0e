import aiohttp
import pytest

from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.store_process import StoreProcess


@pytest.fixture
async def two(node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession) -> tuple[Api, Api]:
    """Two nodes on the shared store."""
    first = await node_factory(store_server.url, node_id="one")
    second = await node_factory(store_server.url, node_id="two")
    return Api(http, first.http_address), Api(http, second.http_address)
