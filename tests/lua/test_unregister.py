import pytest

from nsredis.core.errors import NotReady, StaleEpoch
from tests.support.scripted_store import ScriptedStore

DAY_MS = 86_400_000


async def test_broker_group_and_table_go_together_in_one_change(store: ScriptedStore) -> None:
    registered = await store.register_table()
    beat = int((await store.row("lease:a/0"))[b"beat"])
    revision = await store.unregister()
    assert revision == registered.revision + 1
    change = await store.last_change()
    assert (change.revision, change.kind, change.by) == (revision, "unregister", "test")
    assert set(change.subjects) == {"broker:a/0", "offline:a/0", "group:a", "table:a"}
    assert await store.rows() == {"offline:a/0"}
    for row in ("broker:a/0", "lease:a/0", "group:a", "table:a"):
        assert await store.row(row) == {}
    offline = await store.row("offline:a/0")
    assert offline[b"reason"] == b"unregistered"
    assert offline[b"by"] == b"test"
    assert int(offline[b"lastBeat"]) == beat
    assert int(offline[b"epoch"]) == registered.epoch
    assert int(offline[b"revision"]) == revision
    assert await store.deadline("broker:a/0") is None
    assert await store.deadline("offline:a/0") == int(offline[b"offlineAt"]) + DAY_MS


async def test_the_table_stays_for_the_members_that_stay(store: ScriptedStore) -> None:
    await store.register_table()
    await store.register(broker_id=1)
    revision = await store.unregister()
    assert set((await store.last_change()).subjects) == {"broker:a/0", "offline:a/0", "group:a"}
    group = await store.row("group:a")
    assert b"a:0" not in group
    assert group[b"a:1"] == b"10.0.0.1:10911"
    assert int(group[b"revision"]) == revision
    assert (await store.row("table:a"))[b"blob"] == b"blob"
    assert await store.rows() == {"broker:a/1", "group:a", "table:a", "offline:a/0"}


async def test_an_override_outlives_the_last_member(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override()
    await store.unregister()
    group = await store.row("group:a")
    assert group[b"override"].startswith(b"4 ")
    assert [field for field in group if field.startswith(b"a:")] == []
    assert "group:a" in await store.rows()


async def test_another_incarnation_or_address_is_not_removed(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    before = await store.everything()
    with pytest.raises(StaleEpoch, match=str(epoch)):
        await store.unregister(epoch=epoch - 1)
    with pytest.raises(StaleEpoch, match=str(epoch)):
        await store.unregister(address="10.0.0.9:10911")
    assert await store.everything() == before
    assert await store.unregister(epoch=epoch, address="10.0.0.0:10911") > 0


async def test_what_is_gone_already_is_no_change(store: ScriptedStore) -> None:
    assert await store.unregister(epoch=7) == 0
    await store.register()
    before = await store.everything()
    assert await store.unregister(cluster="other") == 0
    assert await store.everything() == before


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.unregister()
    assert await bare.everything() == {}


async def test_names_with_odd_characters(store: ScriptedStore) -> None:
    name = "%RETRY% a/b:{c}"
    await store.register_table(name)
    await store.unregister(name)
    (row,) = await store.rows()
    assert row == "offline:%25RETRY%25%20a%2Fb%3A%7Bc%7D/0"


async def test_a_confirmed_loss_is_told_as_one(store: ScriptedStore) -> None:
    registered = await store.register_table()
    await store.suspect()
    beat = await store.last_beat()
    revision = await store.unregister(epoch=registered.epoch, beat=beat, reason="connection-lost", by="n2")
    change = await store.last_change()
    assert (change.revision, change.kind, change.by) == (revision, "lost", "n2")
    assert change.why == "its connection closed and its port refuses connections"
    assert set(change.subjects) == {"broker:a/0", "offline:a/0", "group:a", "table:a"}
    offline = await store.row("offline:a/0")
    assert (offline[b"reason"], offline[b"by"], offline[b"lastBeat"]) == (b"connection-lost", b"n2", beat)
    assert await store.rows() == {"offline:a/0"}


async def test_a_broker_that_has_beaten_meanwhile_is_not_removed(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    seen = int(await store.last_beat() or 0)
    await store.redis.hset(store.keys.row("lease:a/0"), "beat", seen + 1)
    before = await store.everything()
    with pytest.raises(StaleEpoch, match=str(epoch)):
        await store.unregister(epoch=epoch, beat=seen, reason="connection-lost")
    assert await store.everything() == before
    assert await store.unregister(epoch=epoch, beat=seen + 1, reason="connection-lost") > 0


async def test_a_broker_whose_lease_has_lapsed_is_no_confirmed_loss(store: ScriptedStore) -> None:
    epoch = (await store.register()).epoch
    seen = await store.last_beat()
    await store.redis.delete(store.keys.row("lease:a/0"))
    before = await store.everything()
    with pytest.raises(StaleEpoch):
        await store.unregister(epoch=epoch, beat=seen, reason="connection-lost")
    assert await store.everything() == before
