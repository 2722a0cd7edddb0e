import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from nsredis.core.brokers import Beat, BrokerKey, DataVersion, Incarnation, Registered, Registration
from nsredis.core.changes import ChangeKind, Removal
from nsredis.core.errors import BrokerNotFound, NameOwned, StaleEpoch
from nsredis.core.queues import QueueData
from nsredis.registry import rows, tables
from nsredis.registry.broker_store import BrokerStore, MergedTable, TableMoved
from nsredis.registry.link import StoreLink
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.tables import Table
from tests.conftest import OwnStore
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.topic_bodies import PlainBody

KEY = BrokerKey("a b", 0)
TOPICS = {"T": QueueData(), "U": QueueData(1, 2, 4, 0)}
PLAIN = Registration("c", "a b", 0, "10.0.0.1:10911")
WITH_TOPICS = replace(PLAIN, topics=PlainBody(TOPICS), data_version=DataVersion(0, 1, 2))


@pytest.fixture
def brokers(runner: ScriptRunner) -> BrokerStore:
    return BrokerStore(runner, "n1")


async def _merge(brokers: BrokerStore, r: Registration) -> Registered | TableMoved:
    """Register as a node does: with the table merged on the present one."""
    assert r.topics is not None
    base = await brokers.table(r.name)
    merged = tables.apply_body(base, r.topics.decode({}), "v", replaces=r.replaces_table)
    return await brokers.register(r, by="test", table=MergedTable(base, merged))


async def _registered(brokers: BrokerStore, r: Registration) -> Registered:
    outcome = await _merge(brokers, r) if r.topics is not None else await brokers.register(r, by="test", table=None)
    assert isinstance(outcome, Registered)
    return outcome


async def test_a_registration_asks_for_its_table_and_is_then_a_heartbeat(
    brokers: BrokerStore, store: ScriptedStore
) -> None:
    assert await brokers.register(WITH_TOPICS, by="test", table=None) == TableMoved(0)
    first = await _registered(brokers, WITH_TOPICS)
    assert (first.created, first.changed, first.lease_ms, first.revision) == (True, True, 15_000, 2)
    assert await brokers.table("a b") == Table(2, TOPICS)
    head = await store.head()
    again = await brokers.register(WITH_TOPICS, by="test", table=None)
    assert again == replace(first, created=False, changed=False)
    assert await store.head() == head


async def test_what_a_registration_says_is_kept(brokers: BrokerStore, store: ScriptedStore) -> None:
    said = replace(PLAIN, ha_address="h:2", instance="i", lease_ms=9000, zone="z", acting_master=True)
    outcome = await _registered(brokers, said)
    row = await store.row("broker:a%20b/0")
    assert (row[b"haAddress"], row[b"instance"], row[b"zone"], row[b"actingMaster"]) == (b"h:2", b"i", b"z", b"1")
    assert (outcome.lease_ms, row[b"leaseMs"], row[b"owner"]) == (9000, b"9000", b"n1")


async def test_a_body_that_says_nothing_new_is_remembered_without_a_change(
    brokers: BrokerStore, store: ScriptedStore
) -> None:
    await _registered(brokers, WITH_TOPICS)
    head = await store.head()
    part = replace(WITH_TOPICS, topics=PlainBody({"T": QueueData()}, "part"), replaces_table=False)
    assert not (await _registered(brokers, part)).changed
    assert isinstance(await brokers.register(part, by="test", table=None), Registered)
    assert await store.head() == head


async def test_a_blob_that_followers_read_need_not_be_decoded_by_the_process_that_wrote_it(
    brokers: BrokerStore,
) -> None:
    """Once: where a delta tells the change, nobody reads the blob, and nothing is kept of it."""
    await _registered(brokers, WITH_TOPICS)
    first = await brokers.table("a b")
    assert (await brokers.table("a b")).topics is not first.topics
    for number, shared in ((tables.DELTA_TOPICS + 1, True), (1, False)):
        topics = {**first.topics, **{f"new-{number}-{i}": QueueData() for i in range(number)}}
        merged = replace(first, topics=topics)
        r = replace(WITH_TOPICS, topics=PlainBody({}, f"d{number}"))
        outcome = await brokers.register(r, by="test", table=MergedTable(first, merged))
        assert isinstance(outcome, Registered)
        first = await brokers.table("a b")
        assert first == replace(merged, version=outcome.revision)
        assert (first.topics is topics) is shared


async def test_a_table_that_another_wrote_meanwhile_is_merged_again(brokers: BrokerStore) -> None:
    await _registered(brokers, WITH_TOPICS)
    base = await brokers.table("a b")
    mine = replace(WITH_TOPICS, topics=PlainBody({"V": QueueData()}, "d2"), replaces_table=False)
    other = replace(WITH_TOPICS, topics=PlainBody({"W": QueueData()}, "d3"), replaces_table=False)
    await _registered(brokers, other)
    stale = MergedTable(base, tables.apply_body(base, {"V": QueueData()}, "v", replaces=False))
    moved = await brokers.register(mine, by="test", table=stale)
    assert moved == TableMoved((await brokers.table("a b")).version)
    await _registered(brokers, mine)
    assert set((await brokers.table("a b")).topics) == {"T", "U", "V", "W"}


async def test_a_slave_hears_of_its_master(brokers: BrokerStore) -> None:
    await _registered(brokers, replace(PLAIN, ha_address="10.0.0.1:10912"))
    slave = await _registered(brokers, replace(PLAIN, id=1, address="10.0.0.2:10911"))
    assert (slave.master_address, slave.master_ha_address) == ("10.0.0.1:10911", "10.0.0.1:10912")


async def test_a_name_that_another_cluster_holds(brokers: BrokerStore) -> None:
    await _registered(brokers, PLAIN)
    with pytest.raises(NameOwned):
        await brokers.register(replace(PLAIN, cluster="other", id=1), by="test", table=None)


async def test_beats_hear_one_outcome_each_in_order(brokers: BrokerStore) -> None:
    epoch = (await _registered(brokers, PLAIN)).epoch
    beats = [
        Beat("c", "a b", 0),
        Beat("c", "nobody", 0),
        Beat("c", "a b", 0, epoch=epoch - 1),
        Beat("c", "a b", 0, epoch=epoch),
        Beat("c", "a b", 0, address="10.0.0.9:1"),
        Beat("c", "a b", 0, address=PLAIN.address),
    ]
    kinds = [type(None), BrokerNotFound, StaleEpoch, type(None), StaleEpoch, type(None)]
    assert [type(refused) for refused in await brokers.beats(beats)] == kinds


async def test_an_old_incarnation_does_not_unregister(brokers: BrokerStore, store: ScriptedStore) -> None:
    epoch = (await _registered(brokers, PLAIN)).epoch
    with pytest.raises(StaleEpoch):
        await brokers.unregister(KEY, "c", epoch=epoch - 1, address="", by="test")
    revision = await brokers.unregister(KEY, "c", epoch=epoch, address="", by="test")
    assert revision == (await store.head())[0]
    assert await brokers.unregister(KEY, "c", epoch=epoch, address="", by="test") == 0


async def test_a_table_that_is_not_there_is_empty(brokers: BrokerStore) -> None:
    assert await brokers.table("nobody") == Table()


async def test_whether_a_table_has_moved(brokers: BrokerStore) -> None:
    with pytest.raises(BrokerNotFound):
        await brokers.table_version(KEY, 2)
    await _registered(brokers, PLAIN)
    assert not await brokers.table_version(KEY, 2)
    await _registered(brokers, WITH_TOPICS)
    version = (await brokers.table("a b")).version
    assert await brokers.table_version(KEY, version)
    assert not await brokers.table_version(KEY, version - 1)


async def test_leases_on_redis_clock(brokers: BrokerStore, store: ScriptedStore) -> None:
    before = await store.now()
    await _registered(brokers, PLAIN)
    await _registered(brokers, replace(PLAIN, id=1, address="10.0.0.2:1"))
    await store.set_deadline("broker:a%20b/1", await store.now() - 500)
    leases = await brokers.leases([("c", KEY), ("c", BrokerKey("a b", 1)), ("c", BrokerKey("nobody", 0))])
    assert set(leases) == {KEY, BrokerKey("a b", 1)}
    assert 14_000 < leases[KEY].left_ms <= 15_000
    assert (leases[KEY].last_beat_ms or 0) >= before
    assert leases[BrokerKey("a b", 1)].left_ms <= -500


async def test_ten_thousand_topics_and_one_changed_among_them_hold_redis_under_2_ms(
    own_store: OwnStore, namespace: str
) -> None:
    server = own_store(config={"slowlog-log-slower-than": "0", "slowlog-max-len": "100"})
    topics = {f"topic-of-some-length-{i}": QueueData(8, 8, 6, i % 7) for i in range(10_000)}
    async with real_runner(server.url, namespace) as runner:
        await ScriptedStore(runner).open()
        brokers = BrokerStore(runner, "n1")
        whole_us: list[int] = []
        one_us: list[int] = []
        for attempt in range(5):  # a stall of the machine is not Redis' work
            name = f"broker-{attempt}"
            base = Table()
            merged = tables.apply_body(base, topics, "v", replaces=True)
            for spent_us, digest in ((whole_us, "d1"), (one_us, "d2")):
                body = PlainBody({}, digest)
                r = Registration("c", name, 0, f"10.0.0.{attempt}:1", topics=body)
                await runner.link.execute("SLOWLOG", "RESET")
                await brokers.register(r, by="test", table=MergedTable(base, merged))
                entries = await runner.link.commands.slowlog_get(100)
                spent_us += [entry["duration"] for entry in entries if entry["command"].startswith(b"EVALSHA")]
                base = await brokers.table(name)
                assert len(base.topics) == 10_000
                merged = tables.apply_body(base, {"topic-of-some-length-5000": QueueData(1)}, "v", replaces=False)
        assert len(whole_us) == len(one_us) == 5
        assert min(whole_us) < 2000
        assert min(one_us) < 2000


async def test_a_sighting_is_the_incarnation_with_its_last_beat(brokers: BrokerStore, store: ScriptedStore) -> None:
    assert await brokers.sighting(KEY) is None
    before = await store.now()
    epoch = (await _registered(brokers, PLAIN)).epoch
    seen = await brokers.sighting(KEY)
    assert seen is not None
    assert (seen.cluster, seen.incarnation) == ("c", Incarnation(KEY, PLAIN.address, epoch))
    assert before <= seen.beat_ms <= await store.now()
    await store.redis.delete(store.keys.lease(KEY))
    assert await brokers.sighting(KEY) is None  # its lease lapsed: the sweep has it


async def test_a_lost_broker_leaves_as_it_was_seen(brokers: BrokerStore, store: ScriptedStore) -> None:
    await _registered(brokers, PLAIN)
    seen = await brokers.sighting(KEY)
    assert seen is not None
    with pytest.raises(StaleEpoch):
        await brokers.remove_lost(seen._replace(beat_ms=seen.beat_ms - 1))
    revision = await brokers.remove_lost(seen)
    change = await store.last_change()
    assert (change.revision, change.kind, change.by) == (revision, ChangeKind.LOST, "n1")
    assert (await store.row("offline:a%20b/0"))[b"reason"] == Removal.CONNECTION_LOST.encode()
    assert await brokers.remove_lost(seen) == 0


async def test_an_address_that_has_moved_is_not_lost(brokers: BrokerStore) -> None:
    await _registered(brokers, PLAIN)
    seen = await brokers.sighting(KEY)
    assert seen is not None
    moved = seen.incarnation._replace(address="10.0.0.9:1")
    with pytest.raises(StaleEpoch):
        await brokers.remove_lost(seen._replace(incarnation=moved))


async def test_a_suspect_is_marked_as_it_was_seen_until_its_next_beat(
    brokers: BrokerStore, store: ScriptedStore
) -> None:
    await _registered(brokers, PLAIN)
    seen = await brokers.sighting(KEY)
    assert seen is not None
    with pytest.raises(StaleEpoch):
        await brokers.suspect(seen._replace(beat_ms=seen.beat_ms - 1), "words")
    revision = await brokers.suspect(seen, "words")
    change = await store.last_change()
    assert (change.revision, change.kind, change.by, change.why) == (revision, ChangeKind.SUSPECT, "n1", "words")
    row = await store.row("broker:a%20b/0")
    assert rows.broker(KEY, row).suspect_at_ms == change.at_ms
    assert await brokers.beats([Beat("c", "a b", 0)]) == [None]
    assert (await store.last_change()).kind == ChangeKind.RECOVERED
    assert rows.broker(KEY, await store.row("broker:a%20b/0")).suspect_at_ms == 0


async def test_unchanged_registrations_of_many_travel_together_and_each_hears_its_own(
    brokers: BrokerStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [replace(WITH_TOPICS, name=f"b{i}", address=f"10.0.0.{i}:10911") for i in range(40)]
    epochs = [(await _registered(brokers, r)).epoch for r in many]
    trips: list[int] = []
    pipeline = StoreLink.pipeline

    async def counting(link: StoreLink, commands: Sequence[list[str | bytes | int]]) -> list[object]:
        trips.append(len(commands))
        return await pipeline(link, commands)

    monkeypatch.setattr(StoreLink, "pipeline", counting)
    owned = replace(many[0], cluster="other", id=1)
    outcomes = await asyncio.gather(
        *[brokers.register(r, by="test", table=None) for r in [*many, owned]], return_exceptions=True
    )
    assert [outcome.epoch for outcome in outcomes[:-1] if isinstance(outcome, Registered)] == epochs
    assert isinstance(outcomes[-1], NameOwned)
    assert trips == [41]
