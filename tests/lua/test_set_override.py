import pytest

from nsredis.core.errors import BrokerNotFound, NotReady
from tests.support.scripted_store import ScriptedStore


async def test_it_limits_a_group(store: ScriptedStore) -> None:
    await store.register()
    revision = await store.set_override(perm="4", why="drain", by="me")
    group = await store.row("group:a")
    change = await store.last_change()
    assert group[b"override"] == f"4 {change.at_ms} ".encode()
    assert (group[b"overrideWhy"], group[b"overrideBy"], group[b"request"]) == (b"drain", b"me", b"r1")
    assert int(group[b"revision"]) == revision
    assert (change.revision, change.kind, change.subjects) == (revision, "override", ("group:a",))
    assert (change.by, change.why) == ("me", "drain")
    assert await store.deadline("override:a") is None


async def test_one_that_ends_is_due_then(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override(expires_ms=5000)
    ends = (await store.last_change()).at_ms + 5000
    assert (await store.row("group:a"))[b"override"].endswith(b" %d" % ends)
    assert await store.deadline("override:a") == ends
    await store.set_override()  # set again, without an end
    assert await store.deadline("override:a") is None


async def test_it_is_lifted(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override(expires_ms=5000)
    revision = await store.set_override(perm="")
    group = await store.row("group:a")
    assert b"override" not in group
    assert int(group[b"revision"]) == revision
    assert (await store.last_change()).kind == "lift-override"
    assert await store.deadline("override:a") is None


async def test_nothing_to_lift_is_no_change(store: ScriptedStore) -> None:
    await store.register()
    before = await store.everything()
    assert await store.set_override(perm="") == 0
    assert await store.everything() == before


async def test_lifting_the_last_trace_of_a_group_removes_it(store: ScriptedStore) -> None:
    await store.register()
    await store.set_override()
    await store.unregister()
    assert await store.set_override(perm="") > 0
    assert await store.row("group:a") == {}
    assert "group:a" not in await store.rows()


async def test_there_must_be_such_a_group_with_members(store: ScriptedStore) -> None:
    with pytest.raises(BrokerNotFound):
        await store.set_override()
    await store.register()
    with pytest.raises(BrokerNotFound):
        await store.set_override(cluster="other")
    await store.set_override()
    await store.unregister()
    before = await store.everything()
    with pytest.raises(BrokerNotFound):
        await store.set_override()
    assert await store.everything() == before


async def test_a_namespace_that_is_not_open_is_not_ready(bare: ScriptedStore) -> None:
    with pytest.raises(NotReady):
        await bare.set_override()
    assert await bare.everything() == {}
