import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from nsredis.registry import expiry_hints as module
from nsredis.registry.cancellation import end_task
from nsredis.registry.expiry_hints import ExpiryHints, allow_notifications
from nsredis.registry.runner import ScriptRunner
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner

FLAGS = "notify-keyspace-events"


@asynccontextmanager
async def _listening(runner: ScriptRunner) -> AsyncIterator[tuple[ExpiryHints, list[str]]]:
    """Hints that are heard, and a list that grows with each."""
    heard: list[str] = []
    hints = ExpiryHints(runner, lambda: heard.append("hint"), lambda: 0.0)
    task = asyncio.create_task(hints.run())
    await eventually(lambda: hints.listening)
    yield hints, heard
    await end_task(task)


@pytest.fixture
async def own_runner(own_store: OwnStore, namespace: str) -> AsyncIterator[ScriptRunner]:
    """On a server of its own, since notifications are a setting of the whole server."""
    server = own_store(config={"enable-debug-command": "yes"})
    async with real_runner(server.url, namespace) as runner:
        await ScriptedStore(runner).open()
        yield runner


async def _flags(runner: ScriptRunner) -> set[str]:
    return set((await runner.link.commands.config_get(FLAGS))[FLAGS] or "")


async def test_what_is_needed_is_added_and_nothing_is_taken_away(own_runner: ScriptRunner) -> None:
    assert await allow_notifications(own_runner)
    assert await _flags(own_runner) == {"K", "x"}
    await own_runner.link.commands.config_set(FLAGS, "Eg$")
    assert await allow_notifications(own_runner)
    assert await _flags(own_runner) == {"E", "g", "$", "K", "x"}
    await own_runner.link.commands.config_set(FLAGS, "KEA")
    assert await allow_notifications(own_runner)
    assert await _flags(own_runner) >= {"K", "E", "A"}


async def test_a_server_that_does_not_let_us_is_no_error(
    own_runner: ScriptRunner, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    await own_runner.link.execute("ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-@dangerous")
    port = own_runner.link.commands.connection_pool.connection_kwargs["port"]
    async with real_runner(f"redis://plain:secret@127.0.0.1:{port}/0", namespace) as runner:
        assert not await allow_notifications(runner)
        async with _listening(runner) as (hints, _):
            await eventually(lambda: "sweeping alone" in caplog.text)
            assert not hints.told
            await own_runner.link.commands.config_set(FLAGS, "Kx")
            await own_runner.link.execute("CLIENT", "KILL", "TYPE", "pubsub")
            await eventually(lambda: hints.told)  # and it is seen that they are told, without a right to ask
            assert caplog.text.count("sweeping alone") == 1
        await ScriptedStore(runner).register()  # and the scripts need no such right
        await ScriptedStore(runner).sweep()


async def test_an_expired_lease_is_a_hint(own_runner: ScriptRunner) -> None:
    await allow_notifications(own_runner)
    store = ScriptedStore(own_runner)
    async with _listening(own_runner) as (_, heard):
        await store.register(lease_ms=1000)
        await store.redis.set("elsewhere", "1", px=1)
        await store.redis.set(store.keys.row("kv:x"), "1", px=1)
        await asyncio.sleep(0.05)
        await store.redis.exists("elsewhere", store.keys.row("kv:x"))  # expired, but no leases of ours
        await store.beat()
        assert heard == []
        await store.redis.pexpire(store.keys.row("lease:a/0"), 1)
        await eventually(lambda: heard == ["hint"], 3)


async def test_a_sweep_makes_the_lapsed_lease_fire_at_once(own_runner: ScriptRunner) -> None:
    await allow_notifications(own_runner)
    store = ScriptedStore(own_runner)
    await store.redis.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "0")  # Redis deletes nothing by itself now
    async with _listening(own_runner) as (_, heard):
        await store.register(lease_ms=1000)
        lapses_at = await store.now() + 20
        await store.redis.pexpireat(store.keys.row("lease:a/0"), lapses_at)
        await store.set_deadline("broker:a/0", lapses_at)

        async def lapsed() -> bool:
            return await store.now() > lapses_at + 1

        await eventually(lapsed)
        assert heard == []
        assert set((await store.sweep()).evicted) == {"a/0"}
        await eventually(lambda: heard == ["hint"], 1)


async def test_a_connection_that_fails_is_replaced_and_what_was_missed_is_a_hint(own_runner: ScriptRunner) -> None:
    await allow_notifications(own_runner)
    async with _listening(own_runner) as (hints, heard):
        await own_runner.link.execute("CLIENT", "KILL", "TYPE", "pubsub")
        await eventually(lambda: bool(heard), 3)
        await eventually(lambda: hints.listening, 3)
        store = ScriptedStore(own_runner)
        await store.register()
        heard.clear()
        await store.redis.pexpire(store.keys.row("lease:a/0"), 1)
        await eventually(lambda: bool(heard), 3)


async def test_a_server_that_falls_silent_is_noticed(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_EVERY_S", 0.2)
    monkeypatch.setattr(module, "SILENT_S", 1.0)
    server = own_store()
    async with real_runner(server.url, namespace) as runner, _listening(runner) as (hints, heard):
        await asyncio.sleep(1.5)
        assert heard == []  # pongs are enough
        server.pause()
        await eventually(lambda: bool(heard), 6)
        server.resume()
        await eventually(lambda: hints.listening, 6)


async def test_a_channel_that_may_not_be_heard_is_told_once_and_when_it_may(
    own_runner: ScriptRunner, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    user = ("ACL", "SETUSER", "deaf")
    await own_runner.link.execute(*user, "on", ">secret", "~*", "resetchannels", "+@all")
    port = own_runner.link.commands.connection_pool.connection_kwargs["port"]
    async with real_runner(f"redis://deaf:secret@127.0.0.1:{port}/0", namespace) as runner:
        hints = ExpiryHints(runner, lambda: None, lambda: 0.0)
        task = asyncio.create_task(hints.run())
        await eventually(lambda: "the store refuses what is needed" in caplog.text)
        assert runner.keyspace.lease_events(0) in caplog.text
        await own_runner.link.execute(*user, "allchannels")
        await eventually(lambda: "no longer refuses what is needed" in caplog.text)
        assert caplog.text.count("the store refuses what is needed") == 1
        await end_task(task)
