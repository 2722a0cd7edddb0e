"""The follower when the store tells another history, and when it reads everything."""

import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from nsredis.bench.capacity.footprint import fill
from nsredis.bench.capacity.registry import open_registry
from nsredis.core.errors import NotReady
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


def _follower(store: ScriptedStore, view: View, sweeper: Sweeper, *, settle_s: float = 0.0) -> Follower:
    return Follower(
        view,
        ChangeFeed(store.runner),
        SnapshotReader(store.runner),
        Restorer(store.runner, "n1"),
        sweeper.sweep,
        SilentObserver(),
        settle_s=settle_s,
        chance=lambda: 0.5,
    )


async def test_a_fork_is_told_to_the_store_before_the_view_takes_the_other_history(store: ScriptedStore) -> None:
    await store.register()
    view = View(SilentObserver())

    def position() -> tuple[int, str]:
        return view.state.position if view.state is not None else (0, "")

    sweeper = Sweeper(store.runner, "n1", lambda: 0.5, position)
    follower = _follower(store, view, sweeper)
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


THRESHOLDS = (600, 9, 8)


@pytest.fixture
def _own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    yield
    gc.set_threshold(*before)


@pytest.fixture
def full_collections() -> Iterator[list[int]]:
    """Grows with each full collection, for which there is reason soon: the collector knows of no old objects."""
    counted: list[int] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            counted.append(info["collected"])

    gc.freeze()
    gc.collect()
    gc.callbacks.append(note)
    yield counted
    gc.callbacks.remove(note)
    gc.unfreeze()


@pytest.mark.usefixtures("_own_thresholds")
async def test_what_is_read_is_not_visited_again_and_again_by_the_collector(
    store_server: StoreProcess, namespace: str, full_collections: list[int]
) -> None:
    async with open_registry(store_server.url, namespace) as registry:
        await fill(registry, 40, 5000)
        store, view = ScriptedStore(registry.runner), View(SilentObserver())
        unseen = gc.get_freeze_count()
        full_collections.clear()
        await _follower(store, view, Sweeper(registry.runner, "n1", lambda: 0.5)).step()
    assert view.state is not None
    assert len(view.state.topics()) == 200_000
    assert full_collections == []
    assert gc.get_threshold() == THRESHOLDS
    assert gc.get_freeze_count() > unseen


@pytest.mark.usefixtures("_own_thresholds")
async def test_the_collector_works_on_as_before_where_nothing_could_be_read(
    store_server: StoreProcess, namespace: str
) -> None:
    async with real_runner(store_server.url, namespace) as runner:
        follower = _follower(
            ScriptedStore(runner), View(SilentObserver()), Sweeper(runner, "n1", lambda: 0.5), settle_s=60
        )
        with pytest.raises(NotReady, match="the store is empty"):
            await follower.step()
    assert gc.get_threshold() == THRESHOLDS
