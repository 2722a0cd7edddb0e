import asyncio
from dataclasses import replace

import pytest

from nsredis.core.errors import StoreUnavailable
from nsredis.core.node_info import NodeInfo
from nsredis.registry import link as link_module
from nsredis.registry import presence as module
from nsredis.registry.cancellation import end_task
from nsredis.registry.presence import Presence
from nsredis.registry.runner import ScriptRunner
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner

ONE = NodeInfo("n1", "h:1", "h:2", ready=True, revision=5, tag="t", lag_ms=0, version="1", started_at_ms=9)
TWO = replace(ONE, id="host:8080", http="h:3", ready=False, lag_ms=7)


def _presence(runner: ScriptRunner, node: NodeInfo, clocks: list[int] | None = None) -> Presence:
    return Presence(runner, lambda: node, (clocks if clocks is not None else []).append)


async def test_nodes_hear_all_of_each_other(runner: ScriptRunner) -> None:
    one, two = _presence(runner, ONE), _presence(runner, TWO)
    assert one.nodes() == [ONE]  # always itself
    await one.announce()
    await two.announce()
    assert two.nodes() == [TWO, ONE]
    assert one.nodes() == [ONE]
    await one.announce()
    assert one.nodes() == [TWO, ONE]


async def test_a_node_sees_itself_as_it_is_now(runner: ScriptRunner) -> None:
    states = [ONE]
    presence = Presence(runner, lambda: states[-1], lambda offset_ms: None)
    await presence.announce()
    states.append(replace(ONE, revision=6))
    assert presence.nodes() == [replace(ONE, revision=6)]


async def test_who_waits_for_news_of_the_others_gets_it_with_the_next_call(runner: ScriptRunner) -> None:
    one, two = _presence(runner, ONE), _presence(runner, TWO)
    await two.announce()
    waiting = asyncio.create_task(one.heard(30))
    await asyncio.sleep(0)
    assert not waiting.done()
    await one.announce()
    await asyncio.wait_for(waiting, 5)
    assert one.nodes() == [TWO, ONE]
    await one.heard(0.001)  # each piece of news is heard once


async def test_one_that_leaves_is_not_heard_of_again(runner: ScriptRunner) -> None:
    one, two = _presence(runner, ONE), _presence(runner, TWO)
    await one.announce()
    await two.announce()
    await one.leave()
    await two.announce()
    assert two.nodes() == [TWO]


async def test_one_that_is_silent_is_not_said_to_be_ready(runner: ScriptRunner, store: ScriptedStore) -> None:
    one, two = _presence(runner, ONE), _presence(runner, TWO)
    await one.announce()
    await store.redis.zincrby(runner.keyspace.fixed["nodes"], -module.SILENT_MS, ONE.id)
    await two.announce()
    assert two.nodes() == [TWO, replace(ONE, ready=False)]
    await one.announce()
    await two.announce()
    assert two.nodes() == [TWO, ONE]


async def test_one_that_falls_silent_is_lost_until_it_is_back(
    runner: ScriptRunner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "LIVES_MS", 400)
    one, two = _presence(runner, ONE), _presence(runner, TWO)
    await one.announce()
    await two.announce()
    assert (two.nodes(), two.lost()) == ([TWO, ONE], [])

    async def lost() -> bool:
        await two.announce()
        return bool(two.lost())

    await eventually(lost, every_s=0.05)
    (found,) = two.lost()
    assert (found.id, found.http, found.remoting, found.version) == ("n1", "h:1", "h:2", "1")
    assert two.nodes() == [TWO]
    assert caplog.messages == ["node n1 on h:1 is lost: it fell silent and did not say that it goes"]
    await one.announce()
    await two.announce()
    assert (two.nodes(), two.lost()) == ([TWO, ONE], [])
    assert caplog.messages[-1].startswith("node n1 is back; it was silent for 0.")
    await one.leave()
    await asyncio.sleep(0.5)
    await two.announce()
    assert two.lost() == []  # it said that it goes


async def test_one_whose_address_another_took_is_not_lost(
    runner: ScriptRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIVES_MS", 300)
    again = _presence(runner, replace(ONE, id="n1-again"))
    await _presence(runner, ONE).announce()
    await asyncio.sleep(0.05)
    for _ in range(12):
        await again.announce()
        await asyncio.sleep(0.05)
    assert again.lost() == []
    assert not await ScriptedStore(runner).redis.exists(runner.keyspace.node(ONE.id))


async def test_who_heard_nothing_itself_calls_nobody_lost_at_once(
    runner: ScriptRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LIVES_MS", 400)
    one, two = _presence(runner, ONE), _presence(runner, TWO)
    await one.announce()
    await two.announce()
    await asyncio.sleep(0.5)  # as when the store is away
    await two.announce()
    assert (two.nodes(), two.lost()) == ([TWO], [])


async def test_a_living_node_of_the_same_name_is_told_of_once(
    runner: ScriptRunner, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = _presence(runner, ONE), _presence(runner, replace(ONE, started_at_ms=10, http="h:7"))
    for presence in (one, one, other, other):  # as after a kill -9 and a new start
        await presence.announce()
    assert caplog.messages == []
    for _ in range(2):
        await one.announce()
        await other.announce()
    told = "another living node calls itself n1, the one on %s: give each a node_id of its own"
    assert caplog.messages == [told % "h:7", told % "h:1"]


async def test_redis_clock_is_read(runner: ScriptRunner) -> None:
    clocks: list[int] = []
    await _presence(runner, ONE, clocks).announce()
    (offset_ms,) = clocks
    assert abs(offset_ms) < 1000  # the same machine


async def test_the_last_list_stands_while_the_store_is_away(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "COMMAND_TIMEOUT_S", 0.3)
    monkeypatch.setattr(module, "EVERY_S", 0.05)
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        one, two = _presence(runner, ONE), _presence(runner, TWO)
        await one.announce()
        task = asyncio.create_task(two.run())
        await eventually(lambda: two.nodes() == [TWO, ONE])
        server.kill9()
        with pytest.raises(StoreUnavailable):
            await one.announce()
        assert two.nodes() == [TWO, ONE]
        server.start()

        async def announced() -> bool:
            return bool(await ScriptedStore(runner).redis.exists(runner.keyspace.node(TWO.id)))

        await eventually(announced)
        await end_task(task)


async def test_a_broker_of_a_node_that_vanished_is_given_time(runner: ScriptRunner, store: ScriptedStore) -> None:
    """The sweep finds a node under the name by which brokers' records know it, whatever characters it has."""
    await _presence(runner, TWO).announce()
    await store.register(node=TWO.id)
    await store.set_deadline("broker:a/0", await store.now() - 10)
    await store.redis.delete(store.keys.node(TWO.id))
    assert (await store.sweep()).evicted == {}


async def test_what_the_store_refuses_is_told_once_and_when_it_is_over(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.02)
    server = own_store()
    async with real_runner(server.url, namespace) as admin:
        user = ("ACL", "SETUSER", "partial")
        await admin.link.execute(*user, "on", ">x", "~*", "&*", "+@all", "-zadd")
        async with real_runner(server.url.replace("//", "//partial:x@"), namespace) as runner:
            task = asyncio.create_task(_presence(runner, ONE).run())
            await eventually(lambda: "nodes do not hear of each other" in caplog.text)
            await admin.link.execute(*user, "+zadd")
            await eventually(lambda: "it is over that nodes do not hear of each other" in caplog.text)
            assert caplog.text.count("the store refuses what is needed") == 1
            await end_task(task)
