"""Who may hold a name, an id and an address."""

import pytest

from nsredis.core.errors import AddressFrozen, NameOwned, StaleEpoch, StaleState
from tests.support.scripted_store import LEASE_MS, ScriptedStore

OTHER = "10.9.9.9:10911"


async def test_a_name_belongs_to_the_cluster_whose_brokers_hold_it(store: ScriptedStore) -> None:
    first, rows = await store.register(), await store.rows()
    for _ in range(2):
        with pytest.raises(NameOwned, match="cluster c"):
            await store.register(broker_id=1, cluster="other", address=OTHER)
    told = await store.last_change()
    assert (told.revision, told.kind, told.subjects) == (first.revision + 1, "name-refused", ())
    assert told.why == f"brokerName a of cluster c was claimed by {OTHER} of cluster other"
    assert await store.rows() == rows
    with pytest.raises(NameOwned):
        await store.register(broker_id=1, cluster="third")
    assert (await store.last_change()).revision == told.revision + 1
    await store.unregister()
    assert (await store.register(cluster="other")).created == 1
    assert (await store.row("group:a"))[b"cluster"] == b"other"


async def test_another_address_wins_with_a_new_epoch_and_one_event(store: ScriptedStore) -> None:
    first = await store.register()
    second = await store.register(address=OTHER)
    assert second.epoch > first.epoch
    assert (second.status, second.created) == ("changed", 0)
    change = await store.last_change()
    assert (change.kind, change.why) == ("move", f"10.0.0.0:10911 -> {OTHER}")
    assert change.subjects == ("broker:a/0", "group:a")
    assert (await store.row("group:a"))[b"a:0"] == OTHER.encode()
    with pytest.raises(StaleEpoch):
        await store.unregister(epoch=first.epoch)


async def test_a_lower_state_version_does_not_take_the_id_of_a_live_holder(store: ScriptedStore) -> None:
    await store.register(data_version="10/1/1")
    before = await store.everything()
    with pytest.raises(StaleState, match=r"10\.0\.0\.0:10911"):
        await store.register(address=OTHER, data_version="9/2/2")
    assert await store.everything() == before
    await store.set_deadline("broker:a/0", await store.now() - 1)  # it lapsed
    assert (await store.register(address=OTHER, data_version="9/2/2")).status == "changed"


@pytest.mark.parametrize("version", ["10/0/0", "11/0/0"])
async def test_an_equal_or_higher_state_version_takes_it(store: ScriptedStore, version: str) -> None:
    await store.register(data_version="10/1/1")
    assert (await store.register(address=OTHER, data_version=version)).status == "changed"


async def test_addresses_that_fight_for_an_id_are_frozen_on_the_present_holder(store: ScriptedStore) -> None:
    mine = "10.0.0.0:10911"
    await store.register(address=mine)
    for address in (OTHER, mine, OTHER):
        await store.register(address=address)
    last, rows = await store.last_change(), await store.rows()
    with pytest.raises(AddressFrozen, match=OTHER):
        await store.register(address=mine)
    told = await store.last_change()
    assert (told.revision, told.kind, told.subjects) == (last.revision + 1, "address-frozen", ())
    why = f"{OTHER} holds id 0 of brokerName a for now: {mine} and it took it from each other 3 times"
    assert (told.why, await store.rows()) == (why, rows)
    before = await store.everything()
    with pytest.raises(AddressFrozen, match=OTHER):
        await store.register(address=mine)
    assert await store.everything() == before
    assert (await store.register(address=OTHER)).status == "refreshed"
    record = store.keys.row("broker:a/0")
    await store.redis.hset(record, "swapsFrom", await store.now() - 2 * LEASE_MS - 1)  # two leases later
    assert (await store.register(address=mine)).status == "changed"


async def test_an_address_holds_one_id_of_its_group(store: ScriptedStore) -> None:
    await store.register_table(broker_id=1, address=OTHER)
    reply = await store.register(broker_id=0, address=OTHER)  # the slave became the master
    change = await store.last_change()
    assert change.revision == reply.revision
    assert set(change.subjects) == {"broker:a/0", "group:a", "broker:a/1", "offline:a/1"}
    group = await store.row("group:a")
    assert (group[b"a:0"], b"a:1" in group) == (OTHER.encode(), False)
    assert await store.row("broker:a/1") == {}
    assert await store.deadline("broker:a/1") is None
    assert (await store.row("offline:a/1"))[b"reason"] == b"moved"
    assert (await store.row("table:a"))[b"blob"] == b"blob"
    assert await store.rows() == {"broker:a/0", "group:a", "table:a", "offline:a/1"}
