from typing import Any

from nsredis.registry.runner import new_tag
from tests.support.scripted_store import ScriptedStore


async def _restore(store: ScriptedStore, name: str, values: dict[str, str], **given: Any) -> int:
    slots: dict[str, Any] = {
        "row": store.keys.row(name),
        "tag": new_tag(),
        "node": "n7",
        "floor": 100,
        "name": name,
        "guard": "revision",
        "known": 50,
        "whole": True,
        "needs": "",
        "unless": "",
        "member": "",
        "ends_ms": "0",
        "values": [part for pair in values.items() for part in pair],
    }
    return int(await store.call("restore_row", **(slots | given)))


async def test_a_row_comes_back_above_every_revision_seen(store: ScriptedStore) -> None:
    assert await _restore(store, "settings", {"one": "true"}) == 101
    assert await store.row("settings") == {b"one": b"true", b"revision": b"101", b"restored": b"101 50"}
    assert await store.rows() == {"settings"}
    change = await store.last_change()
    assert (change.kind, change.by, change.subjects) == ("restore", "n7", ("settings",))


async def test_a_second_node_restores_nothing(store: ScriptedStore) -> None:
    await _restore(store, "settings", {"one": "true"})
    before = await store.everything()
    assert await _restore(store, "settings", {"one": "true"}) == 0
    assert await store.everything() == before


async def test_the_store_may_know_as_much_or_more(store: ScriptedStore) -> None:
    for stored in (50, 51):
        await store.redis.hset(store.keys.row("settings"), "revision", stored)
        before = await store.everything()
        assert await _restore(store, "settings", {"one": "true"}) == 0
        assert await store.everything() == before


async def test_who_had_heard_more_puts_its_row_over_that_of_who_had_heard_less(store: ScriptedStore) -> None:
    assert await _restore(store, "settings", {"one": "older"}, known=50) == 101
    assert await _restore(store, "settings", {"one": "newer"}, known=60) == 102
    assert await _restore(store, "settings", {"one": "older"}, known=50) == 0
    assert (await store.row("settings"))[b"one"] == b"newer"
    await store.put_settings(one="written")
    assert await _restore(store, "settings", {"one": "newer"}, known=60) == 0


async def test_an_older_row_is_replaced_whole(store: ScriptedStore) -> None:
    await store.put_settings(one="false", two="true")
    assert await _restore(store, "settings", {"one": "true"}) == 101
    assert await store.row("settings") == {b"one": b"true", b"revision": b"101", b"restored": b"101 50"}


async def test_a_table_comes_back_where_its_group_is(store: ScriptedStore) -> None:
    given = {"guard": "version", "needs": store.keys.group("a")}
    before = await store.everything()
    assert await _restore(store, "table:a", {"blob": "b"}, **given) == 0
    assert await store.everything() == before
    await store.register_table()  # an older table, and what it was equal to
    assert await _restore(store, "table:a", {"blob": "b"}, **given) == 101
    assert await store.row("table:a") == {b"blob": b"b", b"version": b"101", b"restored": b"101 50"}
    assert (await store.register(digest="d1")).status == "table"


async def test_an_override_is_added_to_its_group(store: ScriptedStore) -> None:
    await store.register()
    fields = {"cluster": "c", "override": "4 1 99", "overrideWhy": "w"}
    assert await _restore(store, "group:a", fields, whole=False, member="override:a", ends_ms="99") == 101
    group = await store.row("group:a")
    assert (group[b"override"], group[b"a:0"]) == (b"4 1 99", b"10.0.0.0:10911")
    assert await store.deadline("override:a") == 99


async def test_an_offline_record_comes_back_unless_the_broker_is_there(store: ScriptedStore) -> None:
    given = {"unless": store.keys.row("broker:a/0"), "member": "offline:a/0", "ends_ms": "99"}
    assert await _restore(store, "offline:a/0", {"reason": "expired"}, **given) == 101
    assert await store.deadline("offline:a/0") == 99
    await store.register()
    before = await store.everything()
    assert await _restore(store, "offline:a/0", {"reason": "expired"}, **given) == 0
    assert await store.everything() == before
