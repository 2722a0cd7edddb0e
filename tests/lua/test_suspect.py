import pytest

from nsredis.core.errors import NotReady, StaleEpoch, StaleState
from tests.support.scripted_store import ScriptedStore


async def test_a_mark_is_one_change_of_the_record_alone(store: ScriptedStore) -> None:
    registered = await store.register_table()
    record, deadline = await store.row("broker:a/0"), await store.deadline("broker:a/0")
    before = await store.now()
    revision = await store.suspect(by="n2", why="its connection closed")
    assert revision == registered.revision + 1
    change = await store.last_change()
    assert (change.revision, change.kind, change.by) == (revision, "suspect", "n2")
    assert (change.subjects, change.why) == (("broker:a/0",), "its connection closed")
    marked = await store.row("broker:a/0")
    assert before <= int(marked[b"suspectAt"]) == change.at_ms
    assert marked == record | {b"suspectAt": marked[b"suspectAt"], b"revision": b"%d" % revision}
    assert await store.deadline("broker:a/0") == deadline  # the lease decides as before


async def test_who_is_suspect_already_is_no_change(store: ScriptedStore) -> None:
    await store.register()
    await store.suspect()
    before = await store.everything()
    assert await store.suspect() == 0
    assert await store.everything() == before


async def test_another_incarnation_is_not_marked(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    before = await store.everything()
    for wrong in (epoch - 1, epoch + 1):
        with pytest.raises(StaleEpoch, match=str(epoch)):
            await store.suspect(epoch=wrong)
    assert await store.everything() == before


async def test_who_has_beaten_meanwhile_is_not_marked(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    seen = int(await store.last_beat() or 0)
    await store.redis.hset(store.keys.row("lease:a/0"), "beat", seen + 1)
    before = await store.everything()
    with pytest.raises(StaleEpoch, match=str(epoch)):
        await store.suspect(beat=seen)
    assert await store.everything() == before


async def test_who_has_no_lease_any_more_is_left_to_the_sweep(store: ScriptedStore) -> None:
    await store.register()
    seen = await store.last_beat()
    await store.redis.delete(store.keys.row("lease:a/0"))
    with pytest.raises(StaleEpoch):
        await store.suspect(beat=seen)


async def test_who_is_gone_is_no_change(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    await store.unregister()
    before = await store.everything()
    assert await store.suspect(epoch=epoch, beat=1) == 0
    assert await store.everything() == before


async def test_a_mark_goes_with_the_broker(store: ScriptedStore) -> None:
    await store.register()
    await store.suspect()
    await store.unregister()
    await store.register()
    assert b"suspectAt" not in await store.row("broker:a/0")


async def test_the_same_registration_again_ends_a_suspicion_with_a_change(store: ScriptedStore) -> None:
    first = await store.register_table()
    record = await store.row("broker:a/0")
    marked = await store.suspect()
    again = await store.register(digest="d1")
    assert again == first._replace(revision=marked + 1, created=0)
    change = await store.last_change()
    assert (change.revision, change.kind, change.subjects) == (marked + 1, "recovered", ("broker:a/0",))
    assert await store.row("broker:a/0") == record | {b"revision": b"%d" % (marked + 1)}
    assert await store.table_version() == first.version
    assert (await store.register(digest="d1")).status == "refreshed"


async def test_a_changed_registration_ends_a_suspicion_as_well(store: ScriptedStore) -> None:
    await store.register_table()
    for changed in ({"digest": "d2", "blob": b"blob2"}, {"zone": "z"}, {"zone": "z", "instance": "reborn"}):
        await store.suspect()
        await store.register_table(**changed)
        change = await store.last_change()
        assert (change.kind, change.subjects[0]) == ("update", "broker:a/0")
        assert b"suspectAt" not in await store.row("broker:a/0")


async def test_who_is_refused_stays_suspect(store: ScriptedStore) -> None:
    await store.register(data_version="10/1/1")
    await store.suspect()
    before = await store.everything()
    with pytest.raises(StaleState):
        await store.register(address="10.9.9.9:10911", data_version="9/2/2")
    assert await store.everything() == before


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.suspect(epoch=1, beat=1)
    assert await bare.everything() == {}
