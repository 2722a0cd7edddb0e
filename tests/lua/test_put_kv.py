import pytest

from nsredis.core.errors import NotReady, PreconditionFailed
from tests.support.scripted_store import ScriptedStore


async def test_a_key_is_created_changed_and_deleted(store: ScriptedStore) -> None:
    assert await store.put_kv("k", "v") == (2, 1, 1, 2)
    assert await store.put_kv("k", "w") == (3, 0, 1, 3)
    assert await store.row("kv:ns") == {b"k": b"3 r1 w"}
    assert await store.rows() == {"kv:ns"}
    assert await store.put_kv("k", None) == (0, 0, 1, 4)
    assert await store.row("kv:ns") == {}
    assert await store.rows() == set()
    changes = (await store.changes())[1:]
    assert [change.kind for change in changes] == ["put-kv", "put-kv", "delete-kv"]
    assert {(change.subjects, change.why, change.by) for change in changes} == {(("kv:ns",), "k", "admin")}


async def test_the_row_stays_while_it_has_keys(store: ScriptedStore) -> None:
    await store.put_kv("k", "v")
    await store.put_kv("l", "v")
    await store.put_kv("k", None)
    assert await store.row("kv:ns") == {b"l": b"3 r1 v"}
    assert await store.rows() == {"kv:ns"}


async def test_the_same_value_is_no_change(store: ScriptedStore) -> None:
    await store.put_kv("k", "v")
    before = await store.everything()
    assert await store.put_kv("k", "v") == (2, 0, 0, 2)
    assert await store.everything() == before


async def test_deleting_what_is_not_there_is_no_change(store: ScriptedStore) -> None:
    before = await store.everything()
    assert await store.put_kv("k", None) == (0, 0, 0, 0)
    assert await store.everything() == before


async def test_a_precondition(store: ScriptedStore) -> None:
    with pytest.raises(PreconditionFailed, match="revision is 0"):
        await store.put_kv("k", "v", expected=1)
    assert (await store.put_kv("k", "v", expected=0))[0] == 2
    before = await store.everything()
    for value in ("w", "v", None):
        with pytest.raises(PreconditionFailed, match="revision is 2"):
            await store.put_kv("k", value, expected=0)
    assert await store.everything() == before
    assert (await store.put_kv("k", "w", expected=2))[0] == 3
    assert (await store.put_kv("k", None, expected=3))[2] == 1


@pytest.mark.parametrize("value", ["", " ", " a  b ", "line\nline\r\n", "ü∀", "5 r v", "a\0b"])
async def test_values_come_back_as_they_were(store: ScriptedStore, value: str) -> None:
    await store.put_kv("k", value)
    assert (await store.row("kv:ns"))[b"k"] == b"2 r1 " + value.encode()
    assert (await store.put_kv("k", value))[2] == 0


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.put_kv("k", "v")
    assert await bare.everything() == {}
