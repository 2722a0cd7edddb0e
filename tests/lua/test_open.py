from tests.support.scripted_store import ScriptedStore


async def test_it_creates_the_namespace_once(bare: ScriptedStore) -> None:
    assert await bare.open() == ("1", 1)
    assert await bare.open() == ("1", 0)
    (change,) = await bare.changes()
    assert (change.revision, change.kind, change.subjects, change.by) == (1, "open", (), "node")
    assert await bare.head() == (1, change.tag)


async def test_it_starts_above_what_a_node_has_seen(bare: ScriptedStore) -> None:
    await bare.open(floor=41)
    assert (await bare.head())[0] == 42


async def test_it_leaves_a_newer_layout_alone(bare: ScriptedStore) -> None:
    await bare.redis.set(bare.keys.fixed["schema"], "9")
    before = await bare.everything()
    assert await bare.open() == ("9", 0)
    assert await bare.everything() == before


async def test_it_counts_on_from_a_stream_that_outlived_its_counter(store: ScriptedStore) -> None:
    await store.register()
    await store.redis.delete(store.keys.fixed["schema"], store.keys.fixed["revision"])
    await store.open()
    assert (await store.head())[0] == 3


async def test_changes_are_chained_by_their_tags(store: ScriptedStore) -> None:
    await store.register()
    await store.put_kv("k", "v")
    entries = await store.redis.xrange(store.keys.fixed["changes"])
    assert [row[b"prev"] for _, row in entries[1:]] == [row[b"tag"] for _, row in entries[:-1]]
    assert [entry for entry, _ in entries] == [b"1-0", b"2-0", b"3-0"]
    assert (await store.head())[1] == entries[-1][1][b"tag"].decode()


async def test_the_stream_is_capped(store: ScriptedStore) -> None:
    stream = store.keys.fixed["changes"]
    async with store.redis.pipeline(transaction=False) as pipe:
        for n in range(2, 10_400):
            pipe.xadd(stream, {"tag": "t"}, id=f"{n}-0")
        await pipe.execute()
    assert (await store.register()).revision == 10_400
    assert 10_000 <= await store.redis.xlen(stream) < 10_400
