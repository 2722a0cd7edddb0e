import pytest

from nsredis.core.errors import BrokerNotFound, NotReady, NotTableOwner
from tests.support.scripted_store import ScriptedStore


async def test_one_table_is_written_with_its_delta(store: ScriptedStore) -> None:
    version = (await store.register_table()).version
    assert await store.write_tables(("a", version, b"new", b"gone", b"delta"), why="w", by="me") == [1, version + 1]
    table = await store.row("table:a")
    assert (table[b"version"], table[b"blob"], table[b"deleted"]) == (b"%d" % (version + 1), b"new", b"gone")
    assert table[b"request"] == b"r1"
    change = await store.last_change()
    assert (change.kind, change.subjects, change.by, change.why) == ("topics", ("table:a",), "me", "w")
    entry = (await store.redis.xrange(store.keys.fixed["changes"]))[-1][1]
    assert (entry[b"delta"], entry[b"request"]) == (b"delta", b"r1")


async def test_a_written_table_equals_no_registration_that_is_known(store: ScriptedStore) -> None:
    version = (await store.register_table()).version
    await store.write_tables(("a", version, b"new", b"", b""))
    assert (await store.register(digest="d1")).status == "table"


async def test_several_tables_are_one_change(store: ScriptedStore) -> None:
    for name in ("a", "b", "c"):
        await store.register_table(name)
    tables = [(name, await store.table_version(name), b"new", b"", b"delta") for name in ("a", "b", "c")]
    _, revision = await store.write_tables(*tables, kind="delete-topic")
    change = await store.last_change()
    assert (change.revision, change.kind) == (revision, "delete-topic")
    assert change.subjects == ("table:a", "table:b", "table:c")
    assert {await store.table_version(name) for name in ("a", "b", "c")} == {revision}
    entry = (await store.redis.xrange(store.keys.fixed["changes"]))[-1][1]
    assert entry[b"delta"] == b""  # a delta is of one table


async def test_all_or_none(store: ScriptedStore) -> None:
    await store.register_table("a")
    await store.register_table("b x")
    a, b = await store.table_version("a"), await store.table_version("b x")
    before = await store.everything()
    assert await store.write_tables(("a", a, b"new", b"", b""), ("b x", b - 1, b"new", b"", b"")) == [0, b"b%20x"]
    with pytest.raises(BrokerNotFound):
        await store.write_tables(("a", a, b"new", b"", b""), ("nobody", 0, b"new", b"", b""))
    assert await store.everything() == before


async def test_a_first_table_is_made_from_version_0(store: ScriptedStore) -> None:
    await store.register()
    assert (await store.write_tables(("a", 0, b"new", b"", b"")))[0] == 1
    assert "table:a" in await store.rows()


async def test_a_writer_must_be_registered_and_write_the_table(store: ScriptedStore) -> None:
    version = (await store.register_table()).version
    await store.register(broker_id=1)
    before = await store.everything()
    with pytest.raises(BrokerNotFound):
        await store.write_tables(("a", version, b"new", b"", b""), writer="7")
    with pytest.raises(NotTableOwner):
        await store.write_tables(("a", version, b"new", b"", b""), writer="1")
    assert await store.everything() == before
    assert (await store.write_tables(("a", version, b"new", b"", b""), writer="0"))[0] == 1
    await store.unregister(broker_id=0)
    assert (await store.write_tables(("a", version + 2, b"new", b"", b""), writer="1"))[0] == 1


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.write_tables(("a", 0, b"new", b"", b""))
    assert await bare.everything() == {}
