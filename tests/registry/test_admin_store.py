import pytest

from nsredis.core.changes import ChangeKind
from nsredis.core.errors import BrokerNotFound, NotTableOwner, OutcomeUnknown, PreconditionFailed, StoreUnavailable
from nsredis.core.queues import QueueData
from nsredis.registry import link as link_module
from nsredis.registry import rows, tables
from nsredis.registry.admin_store import AdminStore, KvWritten, TableWrite, Written
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.tables import Table
from tests.conftest import OwnStore
from tests.support.scripted_store import ScriptedStore, real_runner

Q = QueueData()


@pytest.fixture
def admin(runner: ScriptRunner) -> AdminStore:
    return AdminStore(runner)


@pytest.fixture
def brokers(runner: ScriptRunner) -> BrokerStore:
    return BrokerStore(runner, "n1")


async def test_tables_are_written_from_the_version_they_were_made_from(
    admin: AdminStore, brokers: BrokerStore, store: ScriptedStore
) -> None:
    await store.register("a")
    first = TableWrite("a", Table(), Table(0, {"T": Q}))
    assert await admin.write_tables([first], kind=ChangeKind.TOPICS, by="me", writer=0) == Written(3)
    base = await brokers.table("a")
    assert base == Table(3, {"T": Q})
    assert await admin.write_tables([first], kind=ChangeKind.TOPICS, by="me", writer=0) is None
    deleted = tables.delete_topic(base, "T", "0/1/2")
    await admin.write_tables([TableWrite("a", base, deleted)], kind=ChangeKind.DELETE_TOPIC, by="me", why="old")
    assert await brokers.table("a") == Table(4, {}, {"T": "0/1/2"})
    change = await store.last_change()
    assert (change.kind, change.by, change.why) == ("delete-topic", "me", "old")


async def test_a_small_change_travels_in_its_entry(
    admin: AdminStore, brokers: BrokerStore, store: ScriptedStore
) -> None:
    await store.register("a")
    await admin.write_tables([TableWrite("a", Table(), Table(0, {"T": Q}))], kind=ChangeKind.TOPICS, by="me")
    base = await brokers.table("a")
    changed = tables.apply_patch(base, {"U": Q}, ["T"])
    await admin.write_tables([TableWrite("a", base, changed)], kind=ChangeKind.TOPICS, by="me")
    entry = (await store.redis.xrange(store.keys.fixed["changes"]))[-1][1]
    assert tables.decode_delta(entry[b"delta"]) == tables.Delta(base.version, {"U": Q}, ["T"], "")


async def test_only_the_tables_owner_writes_it(admin: AdminStore, store: ScriptedStore) -> None:
    write = TableWrite("a", Table(), Table(0, {"T": Q}))
    with pytest.raises(BrokerNotFound):
        await admin.write_tables([write], kind=ChangeKind.TOPICS, by="me", writer=0)
    await store.register("a", 0)
    await store.register("a", 1)
    with pytest.raises(NotTableOwner):
        await admin.write_tables([write], kind=ChangeKind.TOPICS, by="me", writer=1)


async def test_an_override_is_set_and_lifted(admin: AdminStore, store: ScriptedStore) -> None:
    with pytest.raises(BrokerNotFound):
        await admin.set_override("c", "a b", perm=4, why="drain", expires_in_ms=None, by="me")
    await store.register("a b")
    set_at = await admin.set_override("c", "a b", perm=0, why="drain", expires_in_ms=5000, by="me")
    override = rows.group("a b", await store.row("group:a%20b")).override
    assert override is not None
    assert (override.perm, override.reason, override.by) == (0, "drain", "me")
    assert override.expires_at_ms == override.set_at_ms + 5000
    assert await admin.set_override("c", "a b", perm=None, why="", expires_in_ms=None, by="me") == Written(
        set_at.revision + 1
    )
    assert await admin.set_override("c", "a b", perm=None, why="", expires_in_ms=None, by="me") == Written(0)


async def test_a_key_is_written_and_deleted(admin: AdminStore, store: ScriptedStore) -> None:
    assert await admin.write_kv("n/s", "k", "a b\n", expected=0, by="me") == KvWritten(
        2, None, 2, created=True, changed=True
    )
    assert await admin.write_kv("n/s", "k", "a b\n", expected=2, by="me") == KvWritten(2, None, 2)
    with pytest.raises(PreconditionFailed):
        await admin.write_kv("n/s", "k", "x", expected=1, by="me")
    (entry,) = rows.kv_entries("n/s", await store.row("kv:n%2Fs")).values()
    assert (entry.value, entry.revision) == ("a b\n", 2)
    assert await admin.write_kv("n/s", "k", None, expected=None, by="me") == KvWritten(3, None, 0, changed=True)


async def test_settings_are_written(admin: AdminStore, store: ScriptedStore) -> None:
    assert await admin.put_settings({"supportActingMaster": "true"}, by="me") == Written(2)
    assert (await store.row("settings"))[b"supportActingMaster"] == b"true"
    assert await admin.put_settings({"supportActingMaster": "true"}, by="me") == Written(2)


async def test_no_answer_is_an_unknown_outcome(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "COMMAND_TIMEOUT_S", 0.3)
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        await ScriptedStore(runner).open()
        admin = AdminStore(runner)
        server.pause()
        with pytest.raises(OutcomeUnknown):
            await admin.write_kv("ns", "k", "v", expected=None, by="me")
        with pytest.raises(
            StoreUnavailable
        ):  # the connection is new: its greeting is not answered, and nothing was sent
            await admin.put_settings({"supportActingMaster": "true"}, by="me")
        server.resume()
