"""How the brake in `sweep` ends: by beats, by time, by the brokers' own leaving, by a confirmed loss."""

import pytest

from nsredis.core.brake import HOLD_LEASES
from tests.support.quiet_cluster import ON, cluster_of, held, silence, sweep, swept_dry
from tests.support.scripted_store import LEASE_MS, ScriptedStore


async def test_it_is_released_when_beats_return_and_the_rest_has_one_more_lease(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    await sweep(store)
    await store.let_pass(LEASE_MS - 3000)  # so that their judgement is near
    for name in names[10:]:
        await store.beat(name)
    for name in names[:4]:
        assert await store.beat(name) == 1
    change = await store.last_change()
    assert (change.kind, change.subjects, change.why) == ("recovered", ("broker:b03/0",), "it beats again")
    swept = await sweep(store)
    assert swept.evicted == {}
    assert swept.brake == [("released", "c", "6 of 20 brokers are silent")]
    change = await store.last_change()
    assert (change.kind, change.subjects, change.why) == ("brake-released", ("brake:c",), "6 of 20 brokers are silent")
    assert await store.row("brake:c") == {}
    assert "brake:c" not in await store.rows()
    await store.let_pass(LEASE_MS - 3000)
    for name in (*names[:5], *names[10:]):
        await store.beat(name)
    assert await swept_dry(store) == set()
    await store.let_pass(4000)
    assert await swept_dry(store) == {f"{name}/0" for name in names[5:10]}
    gone = await store.row("offline:b05/0")
    assert gone[b"reason"] == b"expired"
    assert int(gone[b"offlineAt"]) - int(gone[b"lastBeat"]) > 2 * LEASE_MS


async def test_a_registration_releases_too(store: ScriptedStore) -> None:
    names = await cluster_of(store, 4)
    await silence(store, *names)
    await sweep(store)
    for name in names:
        assert (await store.register(name)).status == "changed"
    assert (await store.last_change()).kind == "recovered"
    assert await held(store) == set()
    assert [what for what, _, _ in (await sweep(store)).brake] == ["released"]


async def test_each_goes_after_ten_leases_even_if_no_beat_returns(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    await sweep(store)
    for _ in range(HOLD_LEASES - 1):
        await store.let_pass(LEASE_MS)
        for name in names[10:]:
            await store.beat(name)
        assert await swept_dry(store) == set()
    await store.let_pass(LEASE_MS)
    for name in names[10:]:
        await store.beat(name)
    swept = await sweep(store)
    assert set(swept.evicted) == {f"{name}/0" for name in names[:10]}
    assert set(swept.evicted.values()) == {-1}  # late on purpose: no measure of how fast a sweep is
    assert "held by the brake for 15" in (await store.last_change()).why
    assert [what for what, _, _ in (await sweep(store)).brake] == ["released"]
    await silence(store, names[10])
    assert set((await sweep(store)).evicted) == {f"{names[10]}/0"}  # those that were held do not count any more


async def test_a_long_lease_is_held_for_half_an_hour(store: ScriptedStore) -> None:
    for number in range(3):
        await store.register(f"b0{number}", lease_ms=3_600_000)
    await silence(store, "b00", "b01", "b02")
    await sweep(store)
    await store.let_pass(30 * 60_000 - 5000)
    assert await swept_dry(store) == set()
    await store.let_pass(6000)
    assert len(await swept_dry(store)) == 3


async def test_whoever_falls_silent_while_it_is_engaged_is_held_too(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    await sweep(store)
    await silence(store, names[10])
    swept = await sweep(store)
    assert (swept.evicted, swept.brake) == ({}, [])
    change = await store.last_change()
    assert (change.kind, change.subjects) == ("brake-held", ("broker:b10/0",))


async def test_a_sweep_that_changes_nothing_records_nothing(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    await sweep(store)
    head = await store.head()
    await store.let_pass(LEASE_MS + 100)
    for name in names[10:]:
        await store.beat(name)
    assert await swept_dry(store) == set()  # all of them were looked at again
    assert await store.head() == head


async def test_a_gap_while_it_holds_releases_nobody(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    await sweep(store)
    await store.let_pass(LEASE_MS + 100)
    for name in names[10:]:
        await store.beat(name)
    swept = await store.sweep(least=ON, gap_ms=5000)  # they are due, and the gap defers them
    assert (swept.evicted, swept.brake) == ({}, [])
    assert (await sweep(store)).brake == []
    await store.let_pass(LEASE_MS - 1000)
    for name in names[10:]:
        await store.beat(name)
    assert await swept_dry(store) == set()
    assert await held(store) == set(names[:10])


async def test_an_unregistration_is_never_held(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    for name in names:
        assert await store.unregister(name) > 0
    swept = await sweep(store)
    assert (swept.evicted, swept.brake) == ({}, [])
    assert {row.partition(":")[0] for row in await store.rows()} == {"offline"}
    assert await store.redis.exists(store.keys.members("c")) == 0


async def test_who_is_held_may_unregister(store: ScriptedStore) -> None:
    names = await cluster_of(store, 4)
    await silence(store, *names)
    await sweep(store)
    for name in names:
        assert await store.unregister(name) > 0
    assert [what for what, _, _ in (await sweep(store)).brake] == ["released"]


async def test_a_confirmed_loss_is_fenced_by_the_hold(store: ScriptedStore) -> None:
    names = await cluster_of(store, 4)
    await silence(store, *names)
    swept = await sweep(store)
    await store.redis.delete(store.keys.row("lease:b00/0"))  # as Redis does when it lapses
    assert await store.unregister("b00", held=swept.now, reason="connection-lost") > 0
    change = await store.last_change()
    assert (change.kind, change.why) == ("lost", "it was held by the brake and its port refuses connections")
    gone = await store.row("offline:b00/0")
    assert int(gone[b"lastBeat"]) < swept.now - LEASE_MS
    await store.beat("b01")
    with pytest.raises(Exception, match="present epoch"):
        await store.unregister("b01", held=swept.now, reason="connection-lost")
    assert await store.row("broker:b01/0")


async def test_a_member_whose_record_is_gone_does_not_count_for_ever(store: ScriptedStore) -> None:
    names = await cluster_of(store, 4)
    await store.redis.zadd(store.keys.members("c"), dict.fromkeys((f"ghost{i}/0" for i in range(9)), 1))
    await silence(store, names[0])
    assert set((await sweep(store)).evicted) == {"b00/0"}
    assert await store.redis.zcard(store.keys.members("c")) == 3


async def test_who_was_held_has_no_live_address(store: ScriptedStore) -> None:
    """Another address may take the id, whatever its state version."""
    names = await cluster_of(store, 4)
    await silence(store, *names)
    await sweep(store)
    await store.register("b00", address="10.0.0.99:10911", data_version="0/0/0")
    assert (await store.row("broker:b00/0"))[b"address"] == b"10.0.0.99:10911"
    assert b"heldAt" not in await store.row("broker:b00/0")
