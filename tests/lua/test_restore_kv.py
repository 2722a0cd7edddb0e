from nsredis.registry.runner import new_tag
from tests.support.scripted_store import ScriptedStore


async def _restore(store: ScriptedStore, floor: int = 100, **cells: str) -> int:
    parts = [part for pair in cells.items() for part in pair]
    kv = store.keys.kv("ns")
    reply = await store.call("restore_kv", kv=kv, tag=new_tag(), node="n7", floor=floor, name="kv:ns", cells=parts)
    return int(reply)


async def test_lost_and_older_keys_come_back_and_newer_ones_stay(store: ScriptedStore) -> None:
    await store.put_kv("older", "x")  # revision 2
    await store.put_kv("newer", "y")  # revision 3
    assert await _restore(store, lost="9 r a b", older="9 r c", newer="3 r d") == 101
    assert await store.row("kv:ns") == {b"lost": b"9 r a b", b"older": b"9 r c", b"newer": b"3 r1 y"}
    change = await store.last_change()
    assert (change.revision, change.kind, change.by, change.subjects) == (101, "restore", "n7", ("kv:ns",))
    assert await store.rows() == {"kv:ns"}


async def test_a_second_node_restores_nothing(store: ScriptedStore) -> None:
    await _restore(store, lost="9 r a")
    before = await store.everything()
    assert await _restore(store, lost="9 other a") == 0
    assert await store.everything() == before


async def test_nothing_to_restore(store: ScriptedStore) -> None:
    before = await store.everything()
    assert await _restore(store) == 0
    assert await store.everything() == before


async def test_restored_keys_can_be_changed_on(store: ScriptedStore) -> None:
    await _restore(store, k="9 r v")
    assert (await store.put_kv("k", "v", expected=9))[2] == 0
    assert (await store.put_kv("k", "w", expected=9))[0] == 102
