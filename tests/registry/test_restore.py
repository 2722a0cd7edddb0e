import pytest

from nsredis.core.brokers import Broker, BrokerKey, DataVersion, Group, OfflineBroker, Override
from nsredis.core.errors import StoreUnavailable
from nsredis.core.kv import KvEntry
from nsredis.core.queues import QueueData
from nsredis.registry import rows, tables
from nsredis.registry.restore import AT_ONCE, Command, Restorer
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.tables import Table
from tests.support.scripted_store import ScriptedStore

FLOOR = 100
BROKER = Broker(
    cluster="c",
    name="a b",
    id=1,
    address="h:1",
    epoch=70,
    lease_ms=15_000,
    registered_at_ms=5,
    revision=7,
    ha_address="h:2",
    instance="i",
    data_version=DataVersion(1, 2, 3),
    zone="z",
    acting_master=True,
    owner="old",
    suspect_at_ms=6,
)
TABLE = Table(8, {"T": QueueData()}, {"gone": "0/1/2"}, "body:d")
OVERRIDE = Override(4, "drain it", "me", 1, 2_000_000_000_000)
OFFLINE = OfflineBroker("c", "a b", 2, "h:3", 60, "expired", "n1", 1000, 900, "h:4", "z", 6)
OFFLINE_ENDS_MS = 1000 + 86_400_000


@pytest.fixture
def restorer(runner: ScriptRunner) -> Restorer:
    return Restorer(runner, "n7")


def _all(restorer: Restorer) -> list[Command]:
    """Everything that a view may hold, in the order in which a node puts it back."""
    return [
        restorer.settings({"supportActingMaster": "true", "revision": "4"}, FLOOR),
        restorer.kv("n s", {"k": KvEntry("n s", "k", "a b", 5)}, FLOOR),
        restorer.override(Group("a b", "c", {1: "h:1"}, OVERRIDE, 9), FLOOR),
        restorer.broker(BROKER, FLOOR),
        restorer.table("a b", TABLE, FLOOR),
        restorer.offline(OFFLINE, FLOOR),
    ]


async def test_an_emptied_store_gets_everything_back(restorer: Restorer, store: ScriptedStore) -> None:
    commands = _all(restorer)
    assert await restorer.run(commands) == len(commands)
    assert await store.rows() == {
        "settings", "kv:n%20s", "group:a%20b", "broker:a%20b/1", "table:a%20b", "offline:a%20b/2",
    }  # fmt: skip
    assert (await store.row("settings"))[b"supportActingMaster"] == b"true"
    entries = rows.kv_entries("n s", await store.row("kv:n%20s"))
    assert (entries["k"].value, entries["k"].revision) == ("a b", 5)
    group = rows.group("a b", await store.row("group:a%20b"))
    assert (group.cluster, group.addresses, group.override) == ("c", {1: "h:1"}, OVERRIDE)
    broker = rows.broker(BROKER.key, await store.row("broker:a%20b/1"))
    assert broker == Broker(**{
        **{name: getattr(BROKER, name) for name in BROKER.__slots__}, "revision": broker.revision, "owner": "n7",
    })  # fmt: skip
    table = tables.decode_table(await store.row("table:a%20b"))
    assert (table.topics, table.deleted, table.body) == (TABLE.topics, TABLE.deleted, TABLE.body)
    offline = rows.offline(BrokerKey("a b", 2), await store.row("offline:a%20b/2"))
    assert (offline.reason, offline.last_beat_ms, offline.offline_at_ms) == ("expired", 900, 1000)
    assert await store.deadline("override:a%20b") == OVERRIDE.expires_at_ms
    assert await store.deadline("offline:a%20b/2") == OFFLINE_ENDS_MS
    assert (await store.deadline("broker:a%20b/1") or 0) > await store.now() + 10_000
    assert (await store.head())[0] == FLOOR + len(commands)


async def test_a_second_node_puts_back_nothing(restorer: Restorer, store: ScriptedStore) -> None:
    commands = _all(restorer)
    await restorer.run(commands)
    before = await store.everything()
    assert await restorer.run(commands) == 0
    assert await store.everything() == before


async def test_what_the_store_knows_better_stays(restorer: Restorer, store: ScriptedStore) -> None:
    await store.register("a b", 1, address="h:9")
    await store.register_table("a b", 0)
    await store.put_kv("k", "newer", row="kv:n%20s", kv=store.keys.kv("n s"))
    for row, field in (("table:a%20b", "version"), ("group:a%20b", "revision")):
        await store.redis.hset(store.keys.row(row), field, 50)
    await store.redis.hset(store.keys.row("kv:n%20s"), "k", "50 r newer")
    await store.put_settings(supportActingMaster="false")
    await store.redis.hset(store.keys.row("settings"), "revision", 50)
    before = await store.everything()
    assert await restorer.run(_all(restorer)[:-1]) == 0
    assert await store.everything() == before


async def test_an_override_without_an_end(restorer: Restorer, store: ScriptedStore) -> None:
    group = Group("a", "c", {}, Override(0, "w", "me", 1, None), 9)
    assert await restorer.run([restorer.override(group, FLOOR)]) == 1
    assert rows.group("a", await store.row("group:a")).override == group.override
    assert await store.deadline("override:a") is None


async def test_it_opens_above_what_was_seen(restorer: Restorer, store: ScriptedStore) -> None:
    assert not await restorer.open(FLOOR)
    for key in store.keys.fixed.values():
        await store.redis.delete(key)
    assert await restorer.open(FLOOR)
    assert (await store.head())[0] == FLOOR + 1


async def test_many_rows(restorer: Restorer, store: ScriptedStore) -> None:
    commands = [restorer.kv(str(i), {"k": KvEntry(str(i), "k", "v", 5)}, FLOOR) for i in range(2 * AT_ONCE + 1)]
    assert await restorer.run(commands) == len(commands)
    assert len(await store.rows()) == len(commands)


async def test_what_the_store_refuses_is_our_error(restorer: Restorer, store: ScriptedStore) -> None:
    await store.redis.set(store.keys.kv("n s"), "text")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        await restorer.run(_all(restorer))
