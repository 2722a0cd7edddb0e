import pytest

from nsredis.core.errors import NotReady, StoreUnavailable
from nsredis.registry.keyspace import SCHEMA
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.snapshot import CHANGES_AT_ONCE, ROWS_AT_ONCE, Head, SnapshotReader
from tests.support.scripted_store import ScriptedStore


@pytest.fixture
def reader(runner: ScriptRunner) -> SnapshotReader:
    return SnapshotReader(runner)


async def _all(reader: SnapshotReader) -> dict[str, dict[bytes, bytes]]:
    return {name: dict(row) async for part in reader.rows() for name, row in part}


async def test_the_head(reader: SnapshotReader, store: ScriptedStore) -> None:
    assert await reader.head() == Head(True, *(await store.head()))
    await store.redis.delete(store.keys.fixed["schema"], store.keys.fixed["revision"])
    assert await reader.head() == Head(False, 0, "")


async def test_a_newer_layout_is_not_read(reader: SnapshotReader, store: ScriptedStore) -> None:
    await store.redis.set(store.keys.fixed["schema"], SCHEMA + 1)
    with pytest.raises(NotReady, match="upgrade this node"):
        await reader.head()


async def test_all_rows_come_once(reader: SnapshotReader, store: ScriptedStore) -> None:
    assert await _all(reader) == {}
    await store.register_table("a b")
    await store.put_kv("k", "v")
    await store.put_settings(one="true")
    names = {"broker:a%20b/0", "group:a%20b", "table:a%20b", "kv:ns", "settings"}
    assert await _all(reader) == {name: await store.row(name) for name in names}


async def test_many_rows_come_in_parts(reader: SnapshotReader, store: ScriptedStore) -> None:
    names = [f"kv:{i}" for i in range(3 * ROWS_AT_ONCE)]
    async with store.redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.sadd(store.keys.fixed["rows"], name)
            pipe.hset(store.keys.row(name), "k", f"1 r {name}")
        await pipe.execute()
    parts = [part async for part in reader.rows()]
    assert max(len(part) for part in parts) <= ROWS_AT_ONCE
    found = [name for part in parts for name, _ in part]
    assert sorted(found) == sorted(names)


async def test_a_row_that_went_meanwhile_is_empty(reader: SnapshotReader) -> None:
    assert await reader.read(["broker:gone/0"]) == [("broker:gone/0", {})]


async def test_the_changes_that_are_kept(reader: SnapshotReader, store: ScriptedStore) -> None:
    await store.register()
    await store.put_kv("k", "v")
    assert await reader.changes() == await store.changes()
    async with store.redis.pipeline(transaction=False) as pipe:
        for n in range(4, CHANGES_AT_ONCE + 100):
            pipe.xadd(store.keys.fixed["changes"], {"tag": "t", "rows": ""}, id=f"{n}-0")
        await pipe.execute()
    assert [change.revision for change in await reader.changes()] == list(range(1, CHANGES_AT_ONCE + 100))


async def test_what_the_store_refuses_is_our_error(reader: SnapshotReader, store: ScriptedStore) -> None:
    await store.redis.set(store.keys.row("odd"), "text")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        await reader.read(["odd"])
