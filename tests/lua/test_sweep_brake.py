"""The brake in `sweep`: a large share of a cluster that falls silent together is held; all else goes on time."""

import pytest

from nsredis.core.names import encode
from tests.support.quiet_cluster import cluster_of, held, silence, sweep, swept_dry
from tests.support.scripted_store import LEASE_MS, ScriptedStore


async def test_half_of_a_cluster_that_falls_silent_together_is_held_in_one_change(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    before = await store.head()
    swept = await sweep(store)
    why = "10 of 20 brokers fell silent within 15000 ms"
    assert swept.evicted == {}
    assert swept.brake == [("engaged", "c", why)]
    change = await store.last_change()
    assert (change.revision, change.kind, change.why) == (before[0] + 1, "brake-held", why)
    assert set(change.subjects) == {"brake:c", *(f"broker:{name}/0" for name in names[:10])}
    assert await store.row("brake:c") == {
        b"since": b"%d" % swept.now,
        b"why": why.encode(),
        b"by": b"n1",
        b"silent": b"10",
        b"expired": b"0",
        b"brokers": b"20",
        b"windowMs": b"15000",
        b"revision": b"%d" % change.revision,
    }
    assert "brake:c" in await store.rows()
    record = await store.row("broker:b00/0")
    assert (int(record[b"heldAt"]), int(record[b"revision"])) == (swept.now, change.revision)
    assert await store.deadline("broker:b00/0") == swept.now + LEASE_MS  # when it is looked at again


async def test_more_than_one_run_can_look_at_are_all_held(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:10])
    assert await swept_dry(store, limit=4) == set()
    assert await held(store) == set(names[:10])


async def test_a_single_dead_broker_among_twenty_goes_now(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, names[7])
    swept = await sweep(store)
    assert (set(swept.evicted), swept.brake) == ({"b07/0"}, [])


@pytest.mark.parametrize(
    ("count", "silent", "held"),
    [(20, 6, False), (20, 7, True), (10, 3, False), (9, 3, True), (3, 3, True), (3, 2, False), (2, 2, False)],
)
async def test_it_takes_three_and_more_than_thirty_percent(
    store: ScriptedStore, count: int, silent: int, *, held: bool
) -> None:
    names = await cluster_of(store, count)
    await silence(store, *names[:silent])
    swept = await sweep(store)
    assert len(swept.evicted) == (0 if held else silent)
    assert bool(swept.brake) is held


async def test_the_settings_of_the_namespace_decide(store: ScriptedStore) -> None:
    names = await cluster_of(store, 10)
    await store.put_settings(brakeMinBrokers="5", brakePercent="10")
    await silence(store, *names[:4])
    assert len((await sweep(store)).evicted) == 4
    await store.put_settings(brakeMinBrokers="0")
    await silence(store, *names[4:])
    assert len((await sweep(store)).evicted) == 6


async def test_clusters_are_judged_apart_whatever_they_are_called(store: ScriptedStore) -> None:
    odd = "a b%/{ü}"
    names = await cluster_of(store)
    others = await cluster_of(store, 4, cluster=odd, prefix="o")
    await silence(store, names[0])
    await silence(store, *others, cluster=odd)
    swept = await sweep(store)
    assert set(swept.evicted) == {"b00/0"}
    assert [(what, cluster) for what, cluster, _ in swept.brake] == [("engaged", encode(odd))]
    for name in others:
        assert await store.beat(name, cluster=odd) == 1
    assert [what for what, _, _ in (await sweep(store)).brake] == ["released"]


# The window.


async def test_those_that_expired_lately_count(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:4])
    assert len((await sweep(store)).evicted) == 4
    await store.let_pass(5000)
    await silence(store, *names[4:7])
    swept = await sweep(store)
    assert swept.evicted == {}
    assert swept.brake == [("engaged", "c", "7 of 20 brokers fell silent within 15000 ms")]


async def test_those_that_expired_before_the_window_do_not(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:4])
    assert len((await sweep(store)).evicted) == 4
    await store.let_pass(14_000)  # the window is as long as the longest lease: 15 s
    for name in names[4:]:
        await store.beat(name)
    await store.let_pass(2000)
    await silence(store, *names[4:7])
    assert len((await sweep(store)).evicted) == 3


@pytest.mark.parametrize(("lease_ms", "window_ms"), [(60_000, 60_000), (3_600_000, 120_000)])
async def test_the_window_is_the_longest_lease_and_at_most_two_minutes(
    store: ScriptedStore, lease_ms: int, window_ms: int
) -> None:
    names = await cluster_of(store, 8)
    await store.register("long", lease_ms=lease_ms)
    await silence(store, *names[:4])
    swept = await sweep(store)
    assert swept.brake == [("engaged", "c", f"4 of 9 brokers fell silent within {window_ms} ms")]


async def test_one_that_expired_and_came_back_counts_once(store: ScriptedStore) -> None:
    names = await cluster_of(store)
    await silence(store, *names[:4])
    assert len((await sweep(store)).evicted) == 4
    for name in names[:4]:
        await store.register(name)
    await silence(store, *names[4:10])
    assert len((await sweep(store)).evicted) == 6  # of 20, and not 10 of 24
