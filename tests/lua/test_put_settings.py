import pytest

from nsredis.core.errors import NotReady
from tests.support.scripted_store import ScriptedStore


async def test_settings_change_together_in_one_change(store: ScriptedStore) -> None:
    revision = await store.put_settings(one="true", two="false")
    assert await store.row("settings") == {
        b"one": b"true",
        b"two": b"false",
        b"revision": b"%d" % revision,
        b"request": b"r1",
    }
    change = await store.last_change()
    assert (change.revision, change.kind, change.subjects) == (revision, "settings", ("settings",))
    assert await store.rows() == {"settings"}


async def test_an_empty_value_goes_back_to_the_default(store: ScriptedStore) -> None:
    await store.put_settings(one="true", two="false")
    assert await store.put_settings(one="") == 3
    assert b"one" not in await store.row("settings")
    assert (await store.row("settings"))[b"two"] == b"false"


async def test_what_differs_in_nothing_is_no_change(store: ScriptedStore) -> None:
    assert await store.put_settings(one="") == 0
    revision = await store.put_settings(one="true")
    await store.put_kv("k", "v")
    before = await store.everything()
    assert await store.put_settings(one="true", two="") == revision
    assert await store.everything() == before


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.put_settings(one="true")
    assert await bare.everything() == {}
