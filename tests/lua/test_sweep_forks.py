"""Nobody is judged by the clock of another history."""

from tests.support.scripted_store import LEASE_MS, ScriptedStore


async def _lapsed(store: ScriptedStore) -> None:
    await store.register()
    await store.set_deadline("broker:a/0", await store.now() - 10)


async def test_a_node_that_saw_more_than_the_store_has_gives_everybody_a_lease(store: ScriptedStore) -> None:
    await _lapsed(store)
    revision, tag = await store.head()
    swept = await store.sweep(seen=(revision + 3, "elsewhere"))
    assert swept.gap == f"the store tells another history than revision {revision + 3}"
    assert swept.evicted == {}
    assert await store.deadline("broker:a/0") == swept.now + LEASE_MS
    assert (await store.sweep(seen=(revision, tag))).gap == ""


async def test_equal_numbers_with_other_marks_are_another_history(store: ScriptedStore) -> None:
    await _lapsed(store)
    revision, tag = await store.head()
    assert (await store.sweep(seen=(revision, "other"))).evicted == {}
    assert await store.row("broker:a/0")
    await store.put_kv("k", "v")
    assert "another history" in (await store.sweep(seen=(revision, "older"))).gap
    assert (await store.sweep(seen=(revision, tag))).gap == ""


async def test_the_same_history_judges_as_ever(store: ScriptedStore) -> None:
    await _lapsed(store)
    seen = await store.head()
    await store.put_kv("k", "v")
    swept = await store.sweep(seen=seen)
    assert (swept.gap, list(swept.evicted)) == ("", ["a/0"])


async def test_a_fork_is_told_once_by_each_who_saw_it(store: ScriptedStore) -> None:
    await store.register()
    seen = ((await store.head())[0] + 5, "elsewhere")
    first = await store.sweep(seen=seen)
    grace = (await store.sweep_state())[b"graceFrom"]
    assert (await store.sweep(seen=seen)).gap == ""
    assert (await store.sweep_state())[b"graceFrom"] == grace == b"%d" % first.now


async def test_a_fork_is_told_even_right_after_another_run(store: ScriptedStore) -> None:
    await _lapsed(store)
    seen = ((await store.head())[0] + 1, "elsewhere")
    swept = await store.sweep(seen=seen, gap_ms=0)
    assert (swept.status, swept.evicted) == ("swept", {})
    assert "another history" in swept.gap
