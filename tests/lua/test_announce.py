from nsredis.registry import rows
from tests.support.scripted_store import ScriptedStore

DAY_MS = 86_400_000


async def _live(store: ScriptedStore, node: str = "n1") -> dict[bytes, dict[bytes, bytes]]:
    """The live nodes that `node` hears of."""
    nodes = [rows.pairs(flat) for flat in (await store.announce(node))[1:]]
    return {row.pop(b"id"): row for row in nodes}


async def test_nodes_hear_of_each_other_and_of_redis_clock(store: ScriptedStore) -> None:
    before = await store.now()
    now, only = await store.announce("n1", info=["id", "n1", "http", "h:1"])
    assert before <= now <= await store.now()
    seen = str(now).encode()
    assert rows.pairs(only) == {b"id": b"n1", b"http": b"h:1", b"seenAt": seen}
    heard = await _live(store, "host:8080")
    assert heard[b"n1"] == {b"http": b"h:1", b"seenAt": seen}
    assert int(heard[b"host:8080"][b"seenAt"]) >= now
    assert 0 < await store.redis.pttl(store.keys.node("n1")) <= 3_600_000


async def test_it_makes_no_change(store: ScriptedStore) -> None:
    head = await store.head()
    await store.announce()
    assert await store.head() == head
    assert await store.rows() == set()


async def test_one_that_leaves_is_gone_at_once_and_its_time_is_kept(store: ScriptedStore) -> None:
    await store.announce("n1")
    await store.announce("n2")
    assert set(await _live(store, "n2")) == {b"n1", b"n2"}
    before = await store.now()
    left = await store.announce("n1", kept_ms=0)
    assert [rows.pairs(flat)[b"id"] for flat in left[1:]] == [b"n2"]
    assert set(await _live(store, "n2")) == {b"n2"}
    assert await store.redis.zscore(store.keys.fixed["nodes"], "n1") >= before


async def test_one_that_fell_silent_is_told_of_for_an_hour(store: ScriptedStore) -> None:
    await store.announce("n1")
    await store.announce("older")
    nodes = store.keys.fixed["nodes"]
    await store.redis.zincrby(nodes, -3_500_000, "n1")
    await store.redis.zincrby(nodes, -3_700_000, "older")
    assert list(await _live(store, "n2")) == [b"n2", b"n1"]


async def test_one_whose_key_lapsed_is_not_listed(store: ScriptedStore) -> None:
    await store.announce("n1")
    await store.redis.delete(store.keys.node("n1"))
    assert set(await _live(store, "n2")) == {b"n2"}


async def test_what_was_not_seen_for_a_day_is_forgotten(store: ScriptedStore) -> None:
    nodes = store.keys.fixed["nodes"]
    now = await store.now()
    await store.redis.zadd(nodes, {"old": now - DAY_MS - 1000, "yesterday": now - DAY_MS + 60_000})
    await store.announce("n1")
    assert set(await store.redis.zrange(nodes, 0, -1)) == {b"yesterday", b"n1"}
