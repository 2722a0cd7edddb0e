from typing import Any

from tests.support.scripted_store import LEASE_MS, ScriptedStore

DAY_MS = 86_400_000


async def _lapsed(store: ScriptedStore, broker_id: int = 0, by_ms: int = 100, **given: Any) -> None:
    """Register a broker whose lease has lapsed since `by_ms`."""
    await store.register(broker_id=broker_id, **given)
    await store.set_deadline(f"broker:a/{broker_id}", await store.now() - by_ms)


async def test_a_lapsed_broker_goes_in_one_change_and_is_remembered(store: ScriptedStore) -> None:
    await store.register_table(zone="z1", ha_address="10.0.0.0:10912")
    epoch = int((await store.row("broker:a/0"))[b"epoch"])
    deadline = await store.now() - 100
    await store.set_deadline("broker:a/0", deadline)
    swept = await store.sweep(node="n7")
    assert (swept.status, swept.more, swept.gap) == ("swept", 0, "")
    assert swept.evicted == {"a/0": swept.now - deadline}
    change = await store.last_change()
    assert (change.revision, change.kind, change.by, change.at_ms) == (3, "expire", "n7", swept.now)
    assert change.why == f"no heartbeat for {swept.now - deadline + LEASE_MS} ms"
    assert set(change.subjects) == {"broker:a/0", "offline:a/0", "group:a", "table:a"}
    assert await store.rows() == {"offline:a/0"}
    for row in ("broker:a/0", "lease:a/0", "group:a", "table:a"):
        assert await store.row(row) == {}
    assert await store.row("offline:a/0") == {
        b"cluster": b"c",
        b"address": b"10.0.0.0:10911",
        b"epoch": b"%d" % epoch,
        b"haAddress": b"10.0.0.0:10912",
        b"zone": b"z1",
        b"reason": b"expired",
        b"by": b"n7",
        b"offlineAt": b"%d" % swept.now,
        b"lastBeat": b"%d" % (deadline - LEASE_MS),
        b"revision": b"3",
    }
    assert await store.deadline("offline:a/0") == swept.now + DAY_MS
    assert await store.deadline("broker:a/0") is None


async def test_a_broker_with_time_left_is_left_alone(store: ScriptedStore) -> None:
    await store.register()
    await store.sweep()
    before = await store.everything()
    assert (await store.sweep()).evicted == {}
    after = await store.everything()
    for state in (before, after):
        state.pop(store.keys.row("sweep"))
    assert after == before


async def test_several_go_one_change_each_and_the_table_with_the_last(store: ScriptedStore) -> None:
    await store.register_table()
    for broker_id in (0, 1, 2):
        await _lapsed(store, broker_id, by_ms=100 - broker_id)
    swept = await store.sweep()
    assert list(swept.evicted) == ["a/0", "a/1", "a/2"]
    expired = [change for change in await store.changes() if change.kind == "expire"]
    assert ["table:a" in change.subjects for change in expired] == [False, False, True]
    assert len({change.tag for change in expired}) == 3
    assert await store.head() == (expired[-1].revision, expired[-1].tag)


async def test_one_run_looks_at_few_and_says_that_more_is_due(store: ScriptedStore) -> None:
    for broker_id in range(5):
        await _lapsed(store, broker_id)
    first = await store.sweep(limit=3)
    assert (len(first.evicted), first.more) == (3, 1)
    second = await store.sweep(limit=3, gap_ms=0)  # which may come at once
    assert (second.status, len(second.evicted), second.more) == ("swept", 2, 0)


async def test_a_run_right_after_another_returns_at_once(store: ScriptedStore) -> None:
    await _lapsed(store)
    statuses = set()
    for _ in range(20):  # a stall of the machine may make one run late
        await store.set_deadline("broker:a/0", await store.now() + 1000)
        swept = await store.sweep(gap_ms=0)
        statuses.add(swept.status)
        if swept.status == "early":
            break
    assert "early" in statuses
    assert (await store.sweep(gap_ms=45)).status == "swept"


async def test_an_early_run_evicts_nobody(store: ScriptedStore) -> None:
    await _lapsed(store)
    await store.set_last_sweep(await store.now() + 30)  # so that the next milliseconds are early, or a step back
    swept = await store.sweep(gap_ms=None)
    assert swept.evicted == {}
    assert await store.row("broker:a/0")


async def test_it_leaves_the_time_at_which_it_ran(store: ScriptedStore) -> None:
    swept = await store.sweep(node="n7")
    state = await store.sweep_state()
    assert (int(state[b"at"]), state[b"by"]) == (swept.now, b"n7")


async def test_a_store_without_the_namespace(bare: ScriptedStore) -> None:
    swept = await bare.sweep(gap_ms=None)
    assert (swept.status, swept.more, swept.gap, swept.evicted) == ("closed", 0, "", {})
    assert await bare.everything() == {}


async def test_a_deadline_without_a_record_is_dropped_without_a_change(store: ScriptedStore) -> None:
    await store.set_deadline("broker:x/0", 1)
    head = await store.head()
    assert (await store.sweep()).evicted == {}
    assert await store.deadline("broker:x/0") is None
    assert await store.head() == head


# Gaps.


async def test_the_first_sweep_on_record_judges_nobody(store: ScriptedStore) -> None:
    await _lapsed(store)
    swept = await store.sweep(gap_ms=None)
    assert (swept.gap, swept.evicted) == ("no sweep is on record", {})
    assert await store.deadline("broker:a/0") == swept.now + LEASE_MS
    state = await store.sweep_state()
    assert int(state[b"graceFrom"]) == swept.now
    assert state[b"graceWhy"] == b"no sweep is on record"


async def test_after_a_gap_a_broker_has_one_full_lease(store: ScriptedStore) -> None:
    await _lapsed(store, by_ms=30_000)
    swept = await store.sweep(gap_ms=5000)
    assert swept.gap.startswith("no sweep for 50")
    assert swept.evicted == {}
    assert await store.deadline("broker:a/0") == swept.now + LEASE_MS
    await store.let_pass(LEASE_MS - 1000)
    assert (await store.sweep()).evicted == {}
    await store.let_pass(1100)
    assert 0 < (await store.sweep()).evicted["a/0"] < LEASE_MS
    gone = await store.row("offline:a/0")
    assert int(gone[b"offlineAt"]) - int(gone[b"lastBeat"]) > 30_000 + 2 * LEASE_MS  # the true last beat is told


async def test_a_gap_is_told_once(store: ScriptedStore) -> None:
    assert (await store.sweep(gap_ms=5000)).gap != ""
    assert (await store.sweep()).gap == ""


async def test_brokers_that_come_due_later_in_the_grace_are_judged_alike(store: ScriptedStore) -> None:
    await store.register()
    await store.let_pass(5000)  # ten seconds left, then five seconds without a sweep
    swept = await store.sweep(gap_ms=5000)
    await store.let_pass(LEASE_MS - 4900)
    due = (await store.sweep()).now
    assert await store.row("broker:a/0")
    deadline = await store.deadline("broker:a/0")
    assert deadline is not None
    assert abs(deadline - (swept.now + LEASE_MS - (LEASE_MS - 4900))) < 200
    assert deadline > due


async def test_a_broker_that_beat_after_the_gap_is_judged_by_its_deadline(store: ScriptedStore) -> None:
    await store.register()
    await store.sweep(gap_ms=5000)
    await store.let_pass(1000)
    await store.beat()
    await store.let_pass(LEASE_MS + 50)
    assert set((await store.sweep()).evicted) == {"a/0"}


async def test_silence_over_several_gaps_is_no_immortality(store: ScriptedStore) -> None:
    await _lapsed(store)
    await store.sweep(gap_ms=5000)  # a full lease
    await store.let_pass(LEASE_MS - 3000)
    await store.sweep(gap_ms=3000)  # another gap, of three seconds
    await store.let_pass(3100)
    assert (await store.sweep()).evicted == {}
    deadline, now = await store.deadline("broker:a/0"), await store.now()
    assert deadline is not None
    assert 2000 < deadline - now <= 3000  # the gap's length, not a lease
    await store.let_pass(3000)
    assert set((await store.sweep()).evicted) == {"a/0"}


async def test_a_beat_between_two_gaps_earns_a_full_lease_again(store: ScriptedStore) -> None:
    await _lapsed(store)
    await store.sweep(gap_ms=5000)
    await store.let_pass(10)
    await store.beat()
    await store.let_pass(LEASE_MS + 100)
    swept = await store.sweep(gap_ms=3000)
    assert swept.evicted == {}
    assert await store.deadline("broker:a/0") == swept.now + LEASE_MS


async def test_a_shorter_gap_pushes_judgement_by_its_length(store: ScriptedStore) -> None:
    await _lapsed(store, by_ms=50)
    deadline = await store.deadline("broker:a/0")
    swept = await store.sweep(gap_ms=1000)
    assert (swept.gap, swept.evicted) == ("", {})
    pushed = await store.deadline("broker:a/0")
    assert deadline is not None
    assert pushed is not None
    assert 1000 <= pushed - deadline < 2000
    await store.let_pass(pushed - swept.now + 50)
    assert set((await store.sweep()).evicted) == {"a/0"}  # it is pushed once


async def test_the_usual_time_between_two_sweeps_is_no_gap(store: ScriptedStore) -> None:
    await _lapsed(store)
    assert set((await store.sweep(gap_ms=300)).evicted) == {"a/0"}


async def test_a_clock_that_stepped_back_is_a_gap(store: ScriptedStore) -> None:
    await _lapsed(store)
    await store.set_last_sweep(await store.now() + 3_600_000)
    swept = await store.sweep(gap_ms=None)
    assert swept.gap.startswith("the clock stepped back by 3")
    assert swept.evicted == {}
    assert int((await store.sweep_state())[b"at"]) == swept.now


async def test_deadlines_beyond_one_lease_are_pulled_in_after_a_step_back(store: ScriptedStore) -> None:
    now = await store.now()
    async with store.redis.pipeline(transaction=False) as pipe:
        for i in range(700):
            pipe.hset(store.keys.row(f"broker:b{i}/0"), mapping={"leaseMs": LEASE_MS, "cluster": "c"})
            pipe.zadd(store.keys.fixed["leases"], {f"broker:b{i}/0": now + 3_600_000 + i})
        await pipe.execute()
    await store.register()
    await store.set_deadline("offline:x/0", now + DAY_MS)
    await store.set_last_sweep(now + 3_600_000)
    await store.sweep(gap_ms=None)
    beyond = now + LEASE_MS + 60_000
    counts = [await store.redis.zcount(store.keys.fixed["leases"], beyond, now + 2 * 3_600_000)]
    for _ in range(2):
        await store.sweep()
        counts.append(await store.redis.zcount(store.keys.fixed["leases"], beyond, now + 2 * 3_600_000))
    assert counts[0] > 300  # some hundred a run
    assert counts[-1] == 0
    assert await store.deadline("offline:x/0") == now + DAY_MS  # not a lease
    await store.sweep()
    assert (await store.sweep_state())[b"rewind"] == b""


# A node that vanished.


async def test_a_broker_whose_node_vanished_has_one_lease_from_then(store: ScriptedStore) -> None:
    await store.announce("host:8080")
    await _lapsed(store, node="host:8080")
    seen = int(await store.redis.zscore(store.keys.fixed["nodes"], "host:8080"))
    await store.redis.delete(store.keys.node("host:8080"))
    assert (await store.sweep()).evicted == {}
    assert await store.deadline("broker:a/0") == seen + LEASE_MS
    await store.let_pass(LEASE_MS + 100)
    assert set((await store.sweep()).evicted) == {"a/0"}  # once


async def test_so_has_a_broker_whose_node_fell_silent_though_its_row_is_still_there(store: ScriptedStore) -> None:
    await store.announce("host:8080")
    await _lapsed(store, node="host:8080")
    await store.redis.zincrby(store.keys.fixed["nodes"], -5000, "host:8080")
    seen = int(await store.redis.zscore(store.keys.fixed["nodes"], "host:8080"))
    assert (await store.sweep()).evicted == {}
    assert await store.deadline("broker:a/0") == seen + LEASE_MS


async def test_a_broker_whose_node_lives_is_judged_by_its_deadline(store: ScriptedStore) -> None:
    await store.announce("n1")
    await _lapsed(store)
    assert set((await store.sweep()).evicted) == {"a/0"}


# Overrides and offline records.


async def test_an_override_ends(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override(expires_ms=60_000)
    await store.sweep()
    assert b"override" in await store.row("group:a")
    await store.set_deadline("override:a", await store.now() - 1)
    swept = await store.sweep(node="n7")
    assert swept.evicted == {}
    group = await store.row("group:a")
    change = await store.last_change()
    assert b"override" not in group
    assert int(group[b"revision"]) == change.revision
    assert (change.kind, change.subjects, change.by) == ("lift-override", ("group:a",), "n7")
    assert await store.deadline("override:a") is None
    assert await store.deadline("broker:a/0") is not None


async def test_an_override_that_outlived_its_group_goes_with_the_groups_last_trace(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override(expires_ms=60_000)
    await store.unregister()
    await store.set_deadline("override:a", await store.now() - 1)
    await store.sweep()
    assert await store.row("group:a") == {}
    assert await store.rows() == {"offline:a/0"}


async def test_an_offline_broker_is_remembered_for_a_day(store: ScriptedStore) -> None:
    await store.register()
    await store.unregister()
    await store.let_pass(DAY_MS - 1000)
    await store.sweep()
    assert await store.rows() == {"offline:a/0"}
    await store.let_pass(2000)
    await store.sweep()
    assert await store.rows() == set()
    assert await store.row("offline:a/0") == {}
    change = await store.last_change()
    assert (change.kind, change.subjects) == ("forget", ("offline:a/0",))
    assert await store.deadline("offline:a/0") is None
