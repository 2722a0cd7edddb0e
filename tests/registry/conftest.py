"""A runner in a fresh, open namespace on the shared real server."""

from collections.abc import AsyncIterator

import pytest

from nsredis.registry.runner import ScriptRunner
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess


@pytest.fixture
async def runner(store_server: StoreProcess, namespace: str) -> AsyncIterator[ScriptRunner]:
    """A runner in an open namespace."""
    async with real_runner(store_server.url, namespace) as runner:
        await ScriptedStore(runner).open()
        yield runner


@pytest.fixture
def store(runner: ScriptRunner) -> ScriptedStore:
    """What the runner's namespace holds, and the bare scripts."""
    return ScriptedStore(runner)
