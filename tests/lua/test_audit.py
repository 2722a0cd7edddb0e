"""Who has no deadline gets one; nothing else is touched."""

from tests.support.scripted_store import LEASE_MS, ScriptedStore


async def _audit(store: ScriptedStore, *brokers: str) -> list[bytes]:
    found: list[bytes] = await store.call("audit", brokers=list(brokers))
    return found


async def _lose(store: ScriptedStore, *names: str) -> None:
    await store.redis.zrem(store.keys.fixed["leases"], *names)


async def test_one_without_a_deadline_gets_a_lease_and_no_revision(store: ScriptedStore) -> None:
    epochs = {name: str((await store.register(name, cluster="c c")).epoch) for name in ("a", "b", "c")}
    await _lose(store, "broker:a/0", "broker:b/0")
    await store.redis.delete(store.keys.members("c c"))
    kept, head, before = await store.deadline("broker:c/0"), await store.head(), await store.now()
    known = [part for name, epoch in epochs.items() for part in (f"{name}/0", epoch)]
    assert await _audit(store, *known) == [b"a/0", b"b/0"]
    after = await store.now()
    for name in ("a", "b"):
        due = await store.deadline(f"broker:{name}/0")
        assert due is not None
        assert before + LEASE_MS <= due <= after + LEASE_MS
        assert int(await store.redis.zscore(store.keys.members("c c"), f"{name}/0")) == due
    assert await store.deadline("broker:c/0") == kept
    assert await store.head() == head
    assert await _audit(store, *known) == []


async def test_another_incarnation_and_one_that_left_are_not_touched(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    await _lose(store, "broker:a/0")
    assert await _audit(store, "a/0", str(epoch + 1), "gone/0", "1") == []
    assert await store.deadline("broker:a/0") is None
    assert await store.deadline("broker:gone/0") is None


async def test_one_that_the_brake_holds_stays_silent(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    await _lose(store, "broker:a/0")
    await store.redis.hset(store.keys.row("broker:a/0"), "heldAt", 1)
    members = store.keys.members("c")
    await store.redis.zadd(members, {"a/0": 5})
    assert await _audit(store, "a/0", str(epoch)) == [b"a/0"]
    assert await store.redis.zscore(members, "a/0") == 5
    assert (await store.deadline("broker:a/0") or 0) > await store.now()


async def test_it_is_swept_a_lease_later(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    await store.sweep()
    await _lose(store, "broker:a/0")
    await store.let_pass(10 * LEASE_MS)
    assert (await store.sweep()).evicted == {}
    await _audit(store, "a/0", str(epoch))
    await store.sweep()
    await store.let_pass(LEASE_MS + 1)
    assert set((await store.sweep()).evicted) == {"a/0"}
