from typing import Any

from nsredis.core.brokers import BrokerKey
from nsredis.core.names import encode
from nsredis.registry.runner import new_tag
from tests.support.scripted_store import LEASE_MS, ScriptedStore

RECORD = {"cluster": "c", "address": "10.0.0.0:10911", "epoch": "70", "leaseMs": "15000", "zone": "z1", "revision": "7"}


async def _restore(store: ScriptedStore, name: str = "a", broker_id: int = 0, **given: Any) -> int:
    key = BrokerKey(name, broker_id)
    values: dict[str, Any] = {
        "broker": store.keys.broker(key),
        "lease": store.keys.lease(key),
        "members": store.keys.members("c"),
        "group": store.keys.group(name),
        "offline": store.keys.offline(key),
        "tag": new_tag(),
        "node": "n7",
        "floor": 100,
        "name": encode(name),
        "id": str(broker_id),
        "cluster": "c",
        "address": "10.0.0.0:10911",
        "epoch": 70,
        "lease_ms": LEASE_MS,
        "record": [part for pair in RECORD.items() for part in pair],
    }
    return int(await store.call("restore_broker", **(values | given)))


async def test_what_is_lost_comes_back_with_a_full_lease_above_every_revision_seen(store: ScriptedStore) -> None:
    before = await store.now()
    assert await _restore(store) == 101
    record = {field.decode(): value.decode() for field, value in (await store.row("broker:a/0")).items()}
    assert record == RECORD | {"revision": "101", "owner": "n7"}
    assert await store.row("group:a") == {b"cluster": b"c", b"a:0": b"10.0.0.0:10911", b"revision": b"101"}
    assert await store.rows() == {"broker:a/0", "group:a"}
    assert (await store.deadline("broker:a/0") or 0) >= before + LEASE_MS
    assert await store.redis.pttl(store.keys.row("lease:a/0")) > LEASE_MS - 5000
    change = await store.last_change()
    assert (change.kind, change.by, change.subjects) == ("restore", "n7", ("broker:a/0", "group:a", "offline:a/0"))
    assert (await store.head())[0] == 101
    assert await store.beat(epoch=70) == 1


async def test_a_second_node_restores_nothing(store: ScriptedStore) -> None:
    await _restore(store)
    before = await store.everything()
    assert await _restore(store) == 0
    assert await store.everything() == before


async def test_a_newer_registration_stays(store: ScriptedStore) -> None:
    await store.register(address="10.9.9.9:1")
    before = await store.everything()
    assert await _restore(store) == 0
    assert await store.everything() == before


async def test_an_older_registration_is_replaced(store: ScriptedStore) -> None:
    await store.register(address="10.9.9.9:1", instance="old")
    await store.redis.hset(store.keys.row("broker:a/0"), "epoch", 69)
    assert await _restore(store) == 101
    assert (await store.row("broker:a/0"))[b"epoch"] == b"70"
    assert b"instance" not in await store.row("broker:a/0")
    assert (await store.row("group:a"))[b"a:0"] == b"10.0.0.0:10911"


async def test_a_broker_that_left_later_stays_gone(store: ScriptedStore) -> None:
    await store.register()
    await store.unregister()
    before = await store.everything()
    assert await _restore(store) == 0
    assert await store.everything() == before


async def test_a_broker_that_left_earlier_is_back(store: ScriptedStore) -> None:
    await store.register()
    await store.unregister()
    await store.redis.hset(store.keys.row("offline:a/0"), "epoch", 69)
    assert await _restore(store) == 101
    assert await store.row("offline:a/0") == {}
    assert await store.deadline("offline:a/0") is None
    assert await store.rows() == {"broker:a/0", "group:a"}


async def test_a_name_that_another_cluster_holds_meanwhile_is_not_taken_back(store: ScriptedStore) -> None:
    await store.register(broker_id=1, cluster="other")
    before = await store.everything()
    assert await _restore(store) == 0
    assert await store.everything() == before


async def test_the_counter_of_the_store_may_be_higher(store: ScriptedStore) -> None:
    await store.put_kv("k", "v")
    assert await _restore(store, floor=1) == 3
