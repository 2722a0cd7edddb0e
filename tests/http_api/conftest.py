from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess


@pytest.fixture
async def api(node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession) -> Api:
    """A node on the shared store."""
    return Api(http, (await node_factory(store_server.url, node_id="the-node")).http_address)


@pytest.fixture
async def api_with_small_limits(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> Api:
    """A node that reads bodies of at most 1 MiB, inflated 2 MiB."""
    node = await node_factory(store_server.url, max_body_mib=1, max_inflated_mib=2)
    return Api(http, node.http_address)


@pytest.fixture
async def store(store_server: StoreProcess, namespace: str) -> AsyncIterator[ScriptedStore]:
    """The nodes' own namespace."""
    async with real_runner(store_server.url, namespace) as runner:
        yield ScriptedStore(runner)
