import pytest

from nsredis.core.errors import NotReady
from tests.support.scripted_store import ScriptedStore


async def _held(store: ScriptedStore, count: int = 4, silent: int = 4) -> list[str]:
    names = [f"b{number:02}" for number in range(count)]
    for name in names:
        await store.register(name)
    for name in names[:silent]:
        await store.set_deadline(f"broker:{name}/0", await store.now() - 100)
    assert (await store.sweep(least=3)).evicted == {}
    return names


async def test_who_is_held_goes_some_at_a_time_and_then_the_brake_is_off(store: ScriptedStore) -> None:
    names = await _held(store, count=10, silent=7)
    revision = await store.release_brake(by="anna")
    change = await store.last_change()
    assert (change.revision, change.kind, change.by, change.subjects) == (
        revision,
        "brake-let-go",
        "anna",
        ("brake:c",),
    )
    row = await store.row("brake:c")
    assert (int(row[b"letGo"]), row[b"letGoBy"], int(row[b"revision"])) == (change.at_ms, b"anna", revision)
    first = await store.sweep(least=3, limit=5)
    assert (len(first.evicted), first.more, first.brake) == (5, 1, [])
    second = await store.sweep(least=3, limit=5)
    assert {*first.evicted, *second.evicted} == {f"{name}/0" for name in names[:7]}
    assert second.brake == [("released", "c", "an operator let go who was held")]
    assert await store.row("brake:c") == {}
    assert (await store.row("offline:b00/0"))[b"reason"] == b"expired"
    await store.set_deadline("broker:b07/0", await store.now() - 100)
    assert set((await store.sweep(least=3)).evicted) == {"b07/0"}  # those that went do not count any more


async def test_whoever_falls_silent_meanwhile_goes_too_and_whoever_beats_stays(store: ScriptedStore) -> None:
    await _held(store, count=12, silent=4)
    await store.beat("b00")
    await store.lapse("b07/0", "b08/0", "b09/0")
    await store.release_brake()
    swept = await store.sweep(least=3)
    assert set(swept.evicted) == {"b01/0", "b02/0", "b03/0", "b07/0", "b08/0", "b09/0"}
    await store.lapse("b10/0")
    assert set((await store.sweep(least=3)).evicted) == {"b10/0"}


async def test_twice_is_once(store: ScriptedStore) -> None:
    await _held(store)
    revision = await store.release_brake()
    before = await store.everything()
    assert await store.release_brake() == revision
    assert await store.everything() == before


async def test_where_it_is_not_engaged_nothing_changes(store: ScriptedStore) -> None:
    await store.register()
    before = await store.everything()
    assert await store.release_brake() == 0
    assert await store.everything() == before


async def test_a_store_without_the_namespace(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.release_brake()
