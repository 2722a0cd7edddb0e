import asyncio
import logging

import pytest

from nsredis.core.leases import SWEEP_EVERY_S
from nsredis.core.observer import SilentObserver
from nsredis.registry import link as link_module
from nsredis.registry import sweeper as module
from nsredis.registry.cancellation import end_task
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.sweeper import Sweeper
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner


class CountingObserver(SilentObserver):
    def __init__(self) -> None:
        self.delays_ms: list[int] = []
        self.failures: list[str] = []

    def detected(self, delay_ms: int) -> None:
        self.delays_ms.append(delay_ms)

    def store_failed(self, what: str) -> None:
        self.failures.append(what)


@pytest.fixture
def observer(runner: ScriptRunner) -> CountingObserver:
    observer = runner.observer = CountingObserver()
    return observer


@pytest.fixture
def sweeper(runner: ScriptRunner) -> Sweeper:
    return Sweeper(runner, "n1", lambda: 0.5)


async def test_a_lapsed_broker_goes_and_its_delay_is_counted(
    sweeper: Sweeper, store: ScriptedStore, observer: CountingObserver
) -> None:
    await store.register()
    now = await store.now()
    await store.set_last_sweep(now - 100)
    await store.set_deadline("broker:a/0", now - 70)
    pause_s = await sweeper.sweep()
    assert await store.row("broker:a/0") == {}
    (delay_ms,) = observer.delays_ms
    assert delay_ms >= 70
    assert 0 < pause_s <= SWEEP_EVERY_S


async def test_when_more_is_due_it_goes_on_at_once(
    sweeper: Sweeper, store: ScriptedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEMBERS_AT_ONCE", 2)
    await store.put_settings(brakeMinBrokers="0")
    for broker_id in range(3):
        await store.register(broker_id=broker_id)
        await store.set_deadline(f"broker:a/{broker_id}", await store.now() - 10)
    await store.set_last_sweep(await store.now() - 100)
    assert await sweeper.sweep() == 0.0
    assert len(await store.row("group:a")) == 3  # cluster, revision and the one that is left


async def test_a_gap_is_told(sweeper: Sweeper, store: ScriptedStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await sweeper.sweep()
        assert [(record.levelname, "no sweep is on record" in record.message) for record in caplog.records] == [
            ("INFO", True)
        ]
        caplog.clear()
        await store.set_last_sweep(await store.now() - 100)
        await sweeper.sweep()
        assert caplog.text == ""
        await store.set_last_sweep(await store.now() - 5000)
        await sweeper.sweep()
        assert [(record.levelname, "no sweep for 5" in record.message) for record in caplog.records] == [
            ("WARNING", True)
        ]


async def test_it_sweeps_at_least_every_200_ms(sweeper: Sweeper, store: ScriptedStore) -> None:
    task = asyncio.create_task(sweeper.run())

    async def swept_after(ms: int) -> int:
        at = int((await store.sweep_state()).get(b"at", 0))
        assert at > ms
        return at

    at = await eventually(lambda: swept_after(0))
    for _ in range(5):
        at = await eventually(lambda known=at: swept_after(known), 0.5)  # type: ignore[misc]
    await end_task(task)


async def test_a_hint_makes_it_run_now(sweeper: Sweeper, store: ScriptedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sweep_pause_s", lambda chance: 60.0)  # it would not come by itself
    await store.set_last_sweep(await store.now() - 100)
    task = asyncio.create_task(sweeper.run())

    async def swept() -> bool:
        return b"by" in await store.sweep_state()

    await eventually(swept)
    await store.register()
    now = await store.now()
    await store.set_last_sweep(now - 100)
    await store.set_deadline("broker:a/0", now - 10)
    sweeper.hint()

    async def gone() -> bool:
        return await store.row("broker:a/0") == {}

    await eventually(gone, 2)
    await end_task(task)


async def test_it_goes_on_when_the_store_comes_back(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "COMMAND_TIMEOUT_S", 0.3)
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        observer = runner.observer = CountingObserver()
        await ScriptedStore(runner).open()
        sweeper = Sweeper(runner, "n1", lambda: 0.5)
        task = asyncio.create_task(sweeper.run())
        await eventually(ScriptedStore(runner).sweep_state)
        assert sweeper.failing_ms == 0
        server.kill9()
        await eventually(lambda: "sweep" in observer.failures)
        await eventually(lambda: sweeper.failing_ms > 500)
        assert sweeper.unwritten_ms >= sweeper.failing_ms - 1
        server.start()
        await eventually(lambda: sweeper.failing_ms == 0)
        # What this test asks by itself must not meet a connection that died with the server.
        await runner.link.commands.connection_pool.disconnect(inuse_connections=False)
        await ScriptedStore(runner).open()
        await eventually(ScriptedStore(runner).sweep_state)
        await end_task(task)


async def test_what_the_store_refuses_is_told_once_and_when_it_is_over(
    own_store: OwnStore, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = own_store()
    async with real_runner(server.url, namespace) as admin:
        await ScriptedStore(admin).open()
        user = ("ACL", "SETUSER", "partial")
        await admin.link.execute(*user, "on", ">x", "~*", "&*", "+@all", "-hset")
        async with real_runner(server.url.replace("//", "//partial:x@"), namespace) as runner:
            task = asyncio.create_task(Sweeper(runner, "n1", lambda: 0.5).run())
            await eventually(lambda: "brokers that fall silent stay" in caplog.text)
            await admin.link.execute(*user, "+hset")
            await eventually(lambda: "it is over that brokers that fall silent stay" in caplog.text)
            assert caplog.text.count("the store refuses what is needed") == 1
            await end_task(task)
