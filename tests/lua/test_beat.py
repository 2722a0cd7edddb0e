import pytest

from nsredis.core.errors import BrokerNotFound, NotReady, StaleEpoch
from tests.support.scripted_store import LEASE_MS, ScriptedStore


async def test_it_renews_the_lease_and_makes_no_change(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    await store.set_deadline("broker:a/0", 5)
    head, before = await store.head(), await store.now()
    for given in ({}, {"epoch": epoch}, {"address": "10.0.0.0:10911"}):
        assert await store.beat(**given) == 1
    deadline = await store.deadline("broker:a/0")
    assert deadline is not None
    assert before + LEASE_MS <= deadline <= await store.now() + LEASE_MS
    lease = await store.row("lease:a/0")
    assert int(lease[b"beat"]) == deadline - LEASE_MS
    assert lease[b"node"] == b"n1"
    assert 0 < await store.redis.pttl(store.keys.row("lease:a/0")) <= LEASE_MS
    assert await store.head() == head
    assert len(await store.changes()) == 2


async def test_it_renews_a_lapsed_lease_while_the_record_exists(store: ScriptedStore) -> None:
    await store.register()
    await store.redis.delete(store.keys.row("lease:a/0"))
    await store.set_deadline("broker:a/0", await store.now() - 60_000)
    assert await store.beat() == 1
    assert (await store.sweep()).evicted == {}
    assert await store.row("lease:a/0")


async def test_an_old_epoch_is_refused_and_changes_nothing(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    before = await store.everything()
    for wrong in (epoch - 1, epoch + 1):
        with pytest.raises(StaleEpoch, match=str(epoch)):
            await store.beat(epoch=wrong)
    assert await store.everything() == before


async def test_without_an_epoch_another_address_is_refused(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    with pytest.raises(StaleEpoch):
        await store.beat(address="10.0.0.9:10911")
    assert await store.beat(address="10.0.0.9:10911", epoch=epoch) == 1  # the epoch says enough


async def test_a_broker_that_is_not_there_is_told_to_register_again(store: ScriptedStore) -> None:
    with pytest.raises(BrokerNotFound, match="register again"):
        await store.beat()
    await store.register()
    with pytest.raises(BrokerNotFound, match="cluster c"):
        await store.beat(cluster="other")
    await store.unregister()
    with pytest.raises(BrokerNotFound):
        await store.beat()
    assert await store.deadline("broker:a/0") is None


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.beat()
    assert await bare.everything() == {}


async def test_the_node_that_hears_it_owns_the_broker(store: ScriptedStore) -> None:
    await store.register(node="n1")
    await store.beat(node="n2")
    assert (await store.row("broker:a/0"))[b"owner"] == b"n2"
    assert (await store.row("lease:a/0"))[b"node"] == b"n2"


async def test_the_lease_is_the_brokers_own(store: ScriptedStore) -> None:
    await store.register(lease_ms=2_000)
    await store.beat()
    deadline = await store.deadline("broker:a/0")
    assert deadline is not None
    assert deadline <= await store.now() + 2_000


async def test_it_ends_a_suspicion_with_a_change(store: ScriptedStore) -> None:
    await store.register()
    record = await store.row("broker:a/0")
    marked = await store.suspect()
    assert await store.beat(node="n2") == 1
    change = await store.last_change()
    assert (change.revision, change.kind, change.by) == (marked + 1, "recovered", "n2")
    assert (change.subjects, change.why) == (("broker:a/0",), "it beats again")
    revision = b"%d" % change.revision
    assert await store.row("broker:a/0") == record | {b"revision": revision, b"owner": b"n2"}
    head = await store.head()
    assert await store.beat() == 1
    assert await store.head() == head


async def test_a_late_beat_ends_no_suspicion(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    await store.suspect()
    before = await store.everything()
    with pytest.raises(StaleEpoch):
        await store.beat(epoch=epoch - 1)
    assert await store.everything() == before
