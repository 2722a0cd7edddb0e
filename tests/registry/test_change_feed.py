import asyncio
from collections.abc import AsyncIterator

import pytest

from nsredis.core.errors import StoreUnavailable
from nsredis.core.queues import QueueData
from nsredis.registry import link as link_module
from nsredis.registry import tables
from nsredis.registry.cancellation import end_task
from nsredis.registry.change_feed import ChangeFeed, Look
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.tables import Table
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner


@pytest.fixture
def feed(runner: ScriptRunner) -> ChangeFeed:
    return ChangeFeed(runner)


@pytest.fixture
async def waking(feed: ChangeFeed) -> AsyncIterator[ChangeFeed]:
    """A feed that has woken its reader once, as it does at its start."""
    task = asyncio.create_task(feed.wake_for_ever(lambda: 0.0))
    await feed.woken.wait()
    feed.woken.clear()
    yield feed
    await end_task(task)


async def test_a_look_brings_a_reader_up_to_date(feed: ChangeFeed, store: ScriptedStore) -> None:
    n, tag = await feed.head()
    assert (n, tag) == await store.head()
    assert await feed.look(n, tag) == Look("same", n, tag)
    await store.register("a b")
    look = await feed.look(n, tag)
    assert (look.status, (look.revision, look.tag)) == ("changes", await feed.head())
    assert [change.kind for change in look.changes] == ["register"]
    assert dict(look.rows).keys() == {"broker:a%20b/0", "group:a%20b"}
    assert dict(look.rows)["broker:a%20b/0"][b"address"] == b"10.0.0.0:10911"
    assert look.deltas == []


async def test_a_small_change_of_a_table_comes_as_a_delta(feed: ChangeFeed, store: ScriptedStore) -> None:
    await store.register_table()
    n, tag = await feed.head()
    delta = tables.encode_delta(Table(n, {}), Table(n, {"T": QueueData()}))
    for digest in ("d2", "d3"):
        await store.register_table(digest=digest, delta=delta)
    look = await feed.look(n, tag)
    assert look.rows == []
    assert [(found.row, found.version, found.raw) for found in look.deltas] == [
        ("table:a", n + 1, delta),
        ("table:a", n + 2, delta),
    ]
    await store.register_table(digest="d4")
    look = await feed.look(n, tag)
    assert (look.deltas, [name for name, _ in look.rows]) == ([], ["table:a"])  # the whole row says it all


async def test_other_histories(feed: ChangeFeed, store: ScriptedStore) -> None:
    n, tag = await feed.head()
    assert (await feed.look(n, "other")).status == "forked"
    assert (await feed.look(n + 1, tag)).status == "forked"
    await store.redis.delete(*[key for key in store.keys.fixed.values() if key.endswith(("schema", "revision"))])
    assert (await feed.look(n, tag)).status == "lost"
    assert await feed.head() == (0, "")


async def test_a_change_wakes_at_once(waking: ChangeFeed, store: ScriptedStore) -> None:
    for value in ("1", "2"):
        await store.put_kv("k", value)
        await asyncio.wait_for(waking.woken.wait(), 0.9)  # sooner than one blocking read ends by itself
        waking.woken.clear()


async def test_nothing_wakes_when_nothing_happens(waking: ChangeFeed) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waking.woken.wait(), 1.5)


async def test_a_stream_that_started_anew_wakes_too(waking: ChangeFeed, store: ScriptedStore) -> None:
    for value in range(5):
        await store.put_kv("k", str(value))
    await asyncio.wait_for(waking.woken.wait(), 1.0)
    for key in store.keys.fixed.values():
        await store.redis.delete(key)
    waking.woken.clear()
    await store.open()  # revision 1 again
    await asyncio.wait_for(waking.woken.wait(), 2.5)
    waking.woken.clear()
    await store.put_kv("l", "v")
    await asyncio.wait_for(waking.woken.wait(), 0.9)


async def test_no_change_is_missed_between_two_reads(
    feed: ChangeFeed, store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsredis.registry.change_feed.BLOCK_MS", 1)  # so that most changes come between two reads
    task = asyncio.create_task(feed.wake_for_ever(lambda: 0.0))
    await feed.woken.wait()
    for value in range(50):
        feed.woken.clear()
        await store.put_kv("k", str(value))
        await asyncio.wait_for(feed.woken.wait(), 1.0)
    await end_task(task)


async def test_it_wakes_while_the_store_is_away_and_recovers(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "BLOCKING_TIMEOUT_S", 1.2)
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        store, feed = ScriptedStore(runner), ChangeFeed(runner)
        await store.open()
        task = asyncio.create_task(feed.wake_for_ever(lambda: 0.0))
        await feed.woken.wait()
        server.pause()  # a dead peer: the connection stays open and says nothing
        feed.woken.clear()
        await asyncio.wait_for(feed.woken.wait(), 3.0)
        server.resume()
        server.kill9()
        with pytest.raises(StoreUnavailable):
            await feed.head()
        server.start()
        await store.open()

        async def woken() -> bool:
            feed.woken.clear()
            await store.put_kv("k", str(await store.now()))
            await asyncio.wait_for(feed.woken.wait(), 0.9)
            return True

        await eventually(woken, 5)
        await end_task(task)
