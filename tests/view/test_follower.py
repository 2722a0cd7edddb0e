"""The follower when the store tells another history."""

from collections.abc import AsyncIterator

import pytest

from nsredis.core.observer import SilentObserver
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.restore import Restorer
from nsredis.registry.snapshot import SnapshotReader
from nsredis.registry.sweeper import Sweeper
from nsredis.view.follower import Follower
from nsredis.view.view import View
from tests.support.scripted_store import LEASE_MS, ScriptedStore, real_runner
from tests.support.store_process import StoreProcess


@pytest.fixture
async def store(store_server: StoreProcess, namespace: str) -> AsyncIterator[ScriptedStore]:
    """An open namespace on the shared server."""
    async with real_runner(store_server.url, namespace) as runner:
        store = ScriptedStore(runner)
        await store.open()
        yield store


async def test_a_fork_is_told_to_the_store_before_the_view_takes_the_other_history(store: ScriptedStore) -> None:
    await store.register()
    view, observer = View(SilentObserver()), SilentObserver()

    def position() -> tuple[int, str]:
        return view.state.position if view.state is not None else (0, "")

    sweeper = Sweeper(store.runner, "n1", lambda: 0.5, position)
    follower = Follower(
        view,
        ChangeFeed(store.runner),
        SnapshotReader(store.runner),
        Restorer(store.runner, "n1"),
        sweeper.sweep,
        observer,
        settle_s=0,
        chance=lambda: 0.5,
    )
    await follower.step()
    assert position() == await store.head()

    # The store is set back to a copy in which the broker was not heard for long, and another node has just swept.
    await store.redis.hset(store.keys.fixed["revision"], "tag", "elsewhere")
    await store.set_deadline("broker:a/0", 1)
    await store.set_last_sweep(await store.now())
    await follower.step()

    assert position() == await store.head()
    swept = await store.sweep(seen=position())
    assert (swept.status, swept.evicted) == ("swept", {})
    grace = int((await store.sweep_state())[b"graceFrom"])
    assert await store.deadline("broker:a/0") == grace + LEASE_MS
