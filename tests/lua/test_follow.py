from tests.support.scripted_store import FollowReply, ScriptedStore


async def test_nothing_happened(store: ScriptedStore) -> None:
    n, tag = await store.head()
    assert await store.follow(n, tag) == FollowReply("same", n, tag, [], {})


async def test_changes_come_with_the_rows_as_they_are_now(store: ScriptedStore) -> None:
    n, tag = await store.head()
    await store.register_table()
    await store.register(broker_id=1)
    await store.unregister(broker_id=1)
    await store.put_kv("k", "v")
    look = await store.follow(n, tag)
    assert (look.status, (look.revision, look.tag)) == ("changes", await store.head())
    assert [change.revision for change in look.changes] == [2, 3, 4, 5]
    assert look.changes == (await store.changes())[1:]
    names = {"broker:a/0", "broker:a/1", "offline:a/1", "group:a", "table:a", "kv:ns"}
    assert look.rows == {name: await store.row(name) for name in names}
    assert look.rows["broker:a/1"] == {}  # it is gone


async def test_it_starts_after_the_revision_that_is_known(store: ScriptedStore) -> None:
    await store.register()
    n, tag = await store.head()
    await store.put_kv("k", "v")
    look = await store.follow(n, tag)
    assert [change.revision for change in look.changes] == [3]
    assert set(look.rows) == {"kv:ns"}


async def test_a_table_whose_changes_are_all_carried_is_not_read(store: ScriptedStore) -> None:
    await store.register_table()
    n, tag = await store.head()
    await store.register_table(digest="d2", delta=b"one")
    await store.write_tables(("a", await store.table_version(), b"b", b"", b"two"))
    assert (await store.follow(n, tag)).rows == {}
    entries = (await store.call("follow", after=n, tag=tag, limit=500))[3]
    assert [flat[flat.index(b"delta") + 1] for _, flat in entries] == [b"one", b"two"]
    await store.register_table(digest="d3", blob=b"big change")
    assert (await store.follow(n, tag)).rows["table:a"][b"blob"] == b"big change"
    await store.register_table(digest="d4", blob=b"and one", delta=b"three")
    assert (await store.follow(n, tag)).rows["table:a"][b"blob"] == b"and one"


async def test_other_rows_of_a_change_with_a_delta_are_read(store: ScriptedStore) -> None:
    await store.register_table()
    n, tag = await store.head()
    await store.register_table(digest="d2", delta=b"one", zone="z2")
    assert set((await store.follow(n, tag)).rows) == {"broker:a/0"}


async def test_too_many_changes_are_read_otherwise(store: ScriptedStore) -> None:
    n, tag = await store.head()
    for i in range(5):
        await store.put_kv("k", str(i))
    assert (await store.follow(n, tag, limit=5)).status == "changes"
    look = await store.follow(n, tag, limit=4)
    assert (look.status, look.changes, look.rows) == ("behind", [], {})
    assert (look.revision, look.tag) == await store.head()


async def test_too_many_bytes_are_read_otherwise(store: ScriptedStore) -> None:
    await store.register_table()
    n, tag = await store.head()
    await store.register_table(digest="d2", blob=b"x" * 40_000)
    assert (await store.follow(n, tag, limit=3)).status == "changes"
    assert (await store.follow(n, tag, limit=2)).status == "behind"


async def test_changes_that_are_no_longer_kept(store: ScriptedStore) -> None:
    n, tag = await store.head()
    for i in range(5):
        await store.put_kv("k", str(i))
    await store.redis.xtrim(store.keys.fixed["changes"], maxlen=2, approximate=False)
    assert (await store.follow(n, tag)).status == "behind"
    await store.redis.xtrim(store.keys.fixed["changes"], maxlen=0, approximate=False)
    assert (await store.follow(n, tag)).status == "behind"


async def test_a_gap_in_the_stream(store: ScriptedStore) -> None:
    n, tag = await store.head()
    for i in range(3):
        await store.put_kv("k", str(i))
    await store.redis.xdel(store.keys.fixed["changes"], "3-0")
    assert (await store.follow(n, tag)).status in ("behind", "forked")


async def test_the_newest_entry_is_missing(store: ScriptedStore) -> None:
    n, tag = await store.head()
    await store.put_kv("k", "1")
    await store.put_kv("k", "2")
    await store.redis.xdel(store.keys.fixed["changes"], "3-0")
    assert (await store.follow(n, tag)).status == "behind"


async def test_another_history_at_the_same_number(store: ScriptedStore) -> None:
    n, _ = await store.head()
    assert (await store.follow(n, "other")).status == "forked"


async def test_another_history_whose_counter_went_past(store: ScriptedStore) -> None:
    await store.put_kv("k", "v")
    n, _ = await store.head()
    await store.put_kv("k", "w")
    look = await store.follow(n, "other")
    assert (look.status, look.rows) == ("forked", {})


async def test_a_counter_that_went_back(store: ScriptedStore) -> None:
    n, tag = await store.head()
    assert (await store.follow(n + 5, tag)).status == "forked"


async def test_a_store_without_the_namespace(bare: ScriptedStore) -> None:
    assert await bare.follow(0, "") == FollowReply("lost", 0, "", [], {})
    await bare.open()
    n, tag = await bare.head()
    await bare.redis.delete(bare.keys.fixed["schema"])
    assert (await bare.follow(n, tag)).status == "lost"


async def test_it_writes_nothing(store: ScriptedStore) -> None:
    n, tag = await store.head()
    await store.register()
    before = await store.everything()
    await store.follow(n, tag)
    assert await store.everything() == before
