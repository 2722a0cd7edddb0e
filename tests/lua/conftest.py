"""The scripts on a real server, and the same tests on fakeredis."""

from collections.abc import AsyncIterator

import pytest
from fakeredis import FakeStrictRedis

from nsredis.registry.runner import ScriptRunner
from tests.support.scripted_store import ScriptedStore, fake_runner, real_runner
from tests.support.store_process import StoreProcess


@pytest.fixture(params=["real", "fakeredis"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The shared real server; empty for fakeredis."""
    if request.param == "fakeredis":
        FakeStrictRedis().eval("return 1", 0)  # what it looks up on disk once, it looks up here, outside the loop
        return ""
    server: StoreProcess = request.getfixturevalue("store_server")
    return server.url


@pytest.fixture
async def runner(server_url: str, namespace: str) -> AsyncIterator[ScriptRunner]:
    """A runner in a namespace that is not open yet."""
    async with real_runner(server_url, namespace) if server_url else fake_runner(namespace) as runner:
        yield runner


@pytest.fixture
def bare(runner: ScriptRunner) -> ScriptedStore:
    """A namespace that is not open yet."""
    return ScriptedStore(runner)


@pytest.fixture
async def store(bare: ScriptedStore) -> ScriptedStore:
    """An open namespace."""
    await bare.open()
    return bare
