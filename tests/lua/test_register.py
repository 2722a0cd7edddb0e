from typing import Any

import pytest

from nsredis.core.errors import NotReady, StaleEpoch
from tests.support.scripted_store import LEASE_MS, RegisterReply, ScriptedStore

OTHER = "10.9.9.9:10911"


async def test_broker_group_table_and_lease_appear_in_one_change(store: ScriptedStore) -> None:
    before = await store.now()
    reply = await store.register_table(
        ha_address="10.0.0.0:10912", zone="z1", acting=True, data_version="0/5/6", instance="i1"
    )
    assert reply == RegisterReply("changed", reply.epoch, LEASE_MS, 2, 1, "", "", 2)
    assert before <= reply.epoch <= await store.now()
    change = await store.last_change()
    assert (change.revision, change.kind, change.by, change.at_ms) == (2, "register", "test", reply.epoch)
    assert change.subjects == ("broker:a/0", "group:a", "table:a")
    record = await store.row("broker:a/0")
    assert record == {
        b"cluster": b"c",
        b"address": b"10.0.0.0:10911",
        b"epoch": b"%d" % reply.epoch,
        b"instance": b"i1",
        b"leaseMs": b"15000",
        b"haAddress": b"10.0.0.0:10912",
        b"zone": b"z1",
        b"actingMaster": b"1",
        b"dataVersion": b"0/5/6",
        b"registeredAt": b"%d" % reply.epoch,
        b"swaps": b"0",
        b"swapsFrom": b"0",
        b"filterServers": b" ",
        b"owner": b"n1",
        b"revision": b"2",
    }
    assert await store.row("group:a") == {b"cluster": b"c", b"a:0": b"10.0.0.0:10911", b"revision": b"2"}
    table = await store.row("table:a")
    assert (table[b"version"], table[b"blob"], table[b"digests"]) == (b"2", b"blob", b"0=d1")
    assert await store.rows() == {"broker:a/0", "group:a", "table:a"}
    assert await store.deadline("broker:a/0") == reply.epoch + LEASE_MS
    assert 0 < await store.redis.pttl(store.keys.row("lease:a/0")) <= LEASE_MS


async def test_the_same_again_is_a_heartbeat(store: ScriptedStore) -> None:
    first = await store.register_table(data_version="0/1/1")
    before = await store.everything()
    await store.set_deadline("broker:a/0", 5)
    again = await store.register(digest="d1", data_version="0/1/1")
    assert again == first._replace(status="refreshed", created=0)
    after = await store.everything()
    for key in ("leases", "members:c", "lease:a/0"):
        before.pop(store.keys.row(key))
        after.pop(store.keys.row(key))
    assert after == before
    assert (await store.deadline("broker:a/0") or 0) >= first.epoch + LEASE_MS


async def test_a_body_that_is_not_known_asks_for_the_table_and_writes_nothing(store: ScriptedStore) -> None:
    before = await store.everything()
    assert await store.register(digest="d1") == RegisterReply("table", 0, 0, 0, 0, "", "", 0)
    assert await store.everything() == before
    version = (await store.register_table()).version
    before = await store.everything()
    assert (await store.register(digest="d2")).version == version
    assert await store.everything() == before


async def test_a_table_made_from_another_version_is_refused(store: ScriptedStore) -> None:
    first = await store.register_table()
    second = await store.register_table(digest="d2", blob=b"blob2")
    before = await store.everything()
    reply = await store.register_table(digest="d3", blob=b"blob3", base=first.version)
    assert (reply.status, reply.version) == ("table", second.version)
    assert await store.everything() == before


async def test_a_changed_table_is_one_change_of_the_table_alone(store: ScriptedStore) -> None:
    first = await store.register_table()
    second = await store.register_table(digest="d2", blob=b"blob2", delta=b"delta")
    assert second == first._replace(revision=3, created=0, version=3)
    change = await store.last_change()
    assert (change.kind, change.subjects) == ("update", ("table:a",))
    entry = (await store.redis.xrange(store.keys.fixed["changes"]))[-1][1]
    assert entry[b"delta"] == b"delta"
    table = await store.row("table:a")
    assert (table[b"blob"], table[b"digests"]) == (b"blob2", b"0=d2")
    assert (await store.register(digest="d1")).status == "table"  # what it was equal to before, it no longer is


async def test_a_table_that_stays_equal_remembers_the_digest_without_a_change(store: ScriptedStore) -> None:
    await store.register_table()
    head = await store.head()
    reply = await store.register_table(digest="part", write=False, blob=b"")
    assert (reply.status, reply.version) == ("refreshed", 2)
    assert (await store.register(digest="part")).status == "refreshed"
    assert (await store.register(digest="d1")).status == "refreshed"
    assert await store.head() == head


async def test_every_slice_of_a_table_is_remembered(store: ScriptedStore) -> None:
    await store.register_table(digest="d0")
    slices = [f"d{i}" for i in range(40)]
    for digest in slices[1:]:
        await store.register_table(digest=digest, write=False, blob=b"")
    assert {(await store.register(digest=digest)).status for digest in slices} == {"refreshed"}


async def test_few_digests_are_remembered(store: ScriptedStore) -> None:
    await store.register_table(digest="d0")
    for i in range(1, 70):
        await store.register_table(digest=f"d{i}", write=False, blob=b"")
    digests = (await store.row("table:a"))[b"digests"].split()
    assert digests == [b"0=d%d" % i for i in range(69, 5, -1)]


async def test_digests_belong_to_the_broker_that_sent_them(store: ScriptedStore) -> None:
    await store.register_table(broker_id=1)
    await store.register(broker_id=0)
    assert (await store.register(broker_id=0, digest="d1")).status == "table"


async def test_only_the_master_or_the_lowest_id_writes_the_table(store: ScriptedStore) -> None:
    await store.register_table(broker_id=2, digest="d2", blob=b"from 2")
    await store.register_table(broker_id=1, digest="d1", blob=b"from 1")
    assert (await store.row("table:a"))[b"blob"] == b"from 1"
    reply = await store.register_table(broker_id=2, digest="d9", blob=b"from 2 again")
    assert reply.status == "refreshed"
    await store.register_table(broker_id=0, digest="d0", blob=b"from 0")
    assert (await store.row("table:a"))[b"blob"] == b"from 0"
    assert (await store.register(broker_id=1, digest="d1")).status == "refreshed"
    await store.unregister(broker_id=0)
    assert (await store.register(broker_id=1, digest="d1")).status == "table"


async def test_ids_are_compared_as_numbers(store: ScriptedStore) -> None:
    await store.register_table(broker_id=9, digest="d9", blob=b"from 9")
    assert (await store.register_table(broker_id=10, digest="d10", blob=b"from 10")).status == "changed"  # it is new
    assert (await store.row("table:a"))[b"blob"] == b"from 9"
    await store.register_table(broker_id=9, digest="d9b", blob=b"from 9 again")
    assert (await store.row("table:a"))[b"blob"] == b"from 9 again"


async def test_a_registration_without_topics_keeps_the_table(store: ScriptedStore) -> None:
    await store.register_table()
    reply = await store.register(zone="z2")
    assert (reply.status, reply.revision) == ("changed", 3)
    assert (await store.last_change()).subjects == ("broker:a/0",)
    assert (await store.row("table:a"))[b"version"] == b"2"
    assert (await store.row("table:a"))[b"digests"] == b"0=d1"


@pytest.mark.parametrize(
    "change", [{"zone": "z"}, {"ha_address": "h:1"}, {"lease_ms": 9000}, {"acting": True}, {"data_version": "0/0/1"}]
)
async def test_a_changed_record_is_a_change_in_the_same_epoch(store: ScriptedStore, change: dict[str, Any]) -> None:
    first = await store.register()
    again = await store.register(**change)
    assert (again.status, again.epoch, again.created, again.revision) == ("changed", first.epoch, 0, 3)
    assert (await store.last_change()).kind == "update"
    assert (await store.register(**change)).status == "refreshed"


async def test_a_new_instance_is_a_new_epoch(store: ScriptedStore) -> None:
    first = await store.register(instance="i1")
    second = await store.register(instance="i2")
    assert second.epoch > first.epoch
    assert (second.status, second.created) == ("changed", 0)
    assert (await store.register(instance="i2")).status == "refreshed"
    assert (await store.register(instance="")).status == "refreshed"  # one that says nothing is the known one
    with pytest.raises(StaleEpoch):
        await store.beat(epoch=first.epoch)


async def test_the_epoch_grows_over_a_removal_even_when_the_clock_does_not(store: ScriptedStore) -> None:
    await store.register()
    future = await store.now() + 3_600_000
    await store.redis.hset(store.keys.row("broker:a/0"), "epoch", future)
    await store.unregister()
    reply = await store.register()
    assert reply.epoch == future + 1
    assert reply.created == 1


async def test_an_epoch_that_is_given_must_be_the_present_one(store: ScriptedStore) -> None:
    with pytest.raises(StaleEpoch, match="epoch is 0"):
        await store.register(epoch=5)
    epoch = (await store.register()).epoch
    before = await store.everything()
    with pytest.raises(StaleEpoch, match=str(epoch)):
        await store.register(epoch=epoch - 1, zone="z")
    assert await store.everything() == before
    assert (await store.register(epoch=epoch, zone="z")).status == "changed"


async def test_a_broker_that_comes_back_is_no_longer_offline(store: ScriptedStore) -> None:
    await store.register()
    await store.unregister()
    await store.register()
    assert await store.row("offline:a/0") == {}
    assert await store.deadline("offline:a/0") is None
    assert set((await store.last_change()).subjects) == {"broker:a/0", "group:a", "offline:a/0"}
    assert await store.rows() == {"broker:a/0", "group:a"}


async def test_a_slave_hears_of_its_master(store: ScriptedStore) -> None:
    await store.register(ha_address="10.0.0.0:10912")
    reply = await store.register(broker_id=1)
    assert (reply.master, reply.master_ha) == ("10.0.0.0:10911", "10.0.0.0:10912")
    assert (await store.register(broker_id=1)).master_ha == "10.0.0.0:10912"
    assert (await store.register(ha_address="10.0.0.0:10912")).master == ""


async def test_an_override_ends_with_its_group(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override(expires_ms=60_000)
    await store.unregister()
    await store.register()
    assert b"override" not in await store.row("group:a")
    assert await store.deadline("override:a") is None


async def test_an_override_outlives_its_group_when_the_namespace_says_so(store: ScriptedStore) -> None:
    await store.put_settings(overrideOutlivesGroup="true")
    await store.register()
    await store.set_override(expires_ms=60_000)
    await store.unregister()
    await store.register()
    assert b"override" in await store.row("group:a")
    assert await store.deadline("override:a") is not None


async def test_an_override_stays_while_members_stay(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override()
    await store.register(broker_id=1)
    assert b"override" in await store.row("group:a")


async def test_another_node_takes_the_broker_over_without_a_change(store: ScriptedStore) -> None:
    await store.register(node="n1")
    head = await store.head()
    assert (await store.register(node="n2")).status == "refreshed"
    assert (await store.row("broker:a/0"))[b"owner"] == b"n2"
    assert await store.head() == head


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.register()
    assert await bare.everything() == {}


async def test_filter_servers_are_kept_until_others_or_none_are_named(store: ScriptedStore) -> None:
    async def named() -> bytes:
        return (await store.row("broker:a/0"))[b"filterServers"]

    await store.register(filter_servers="f1:1 f2:2")
    assert await named() == b"f1:1 f2:2"
    assert (await store.register(filter_servers="")).status == "refreshed"
    assert await named() == b"f1:1 f2:2"
    assert (await store.register(filter_servers=" ")).status == "changed"
    assert await named() == b" "
