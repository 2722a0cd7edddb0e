import asyncio

import pytest

from nsredis.core.brokers import Broker, BrokerKey
from nsredis.core.observer import SilentObserver
from nsredis.registry import lease_audit as module
from nsredis.registry.cancellation import end_task
from nsredis.registry.lease_audit import LeaseAudit
from nsredis.registry.runner import ScriptRunner
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner


class CountingObserver(SilentObserver):
    def __init__(self) -> None:
        self.lost: list[int] = []
        self.failures: list[str] = []

    def deadlines_lost(self, count: int) -> None:
        self.lost.append(count)

    def store_failed(self, what: str) -> None:
        self.failures.append(what)


@pytest.fixture
def observer(runner: ScriptRunner) -> CountingObserver:
    observer = runner.observer = CountingObserver()
    return observer


async def _registered(store: ScriptedStore, count: int) -> dict[BrokerKey, Broker]:
    brokers = {}
    for i in range(count):
        epoch = (await store.register("a b", i)).epoch
        brokers[BrokerKey("a b", i)] = Broker("c", "a b", i, f"10.0.0.{i}:10911", epoch, 15_000, 1, 1)
    return brokers


async def test_all_are_looked_at_in_slices(
    runner: ScriptRunner, store: ScriptedStore, observer: CountingObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    brokers = await _registered(store, 5)
    await store.redis.delete(store.keys.fixed["leases"])
    audit = LeaseAudit(runner, lambda: brokers, lambda: 0.5)
    assert await audit.audit(brokers) == 5
    for i in range(5):
        assert await store.deadline(f"broker:a%20b/{i}") is not None
    assert await audit.audit(brokers) == 0
    assert observer.lost == [5]


async def test_a_view_that_was_read_whole_is_audited_at_once(
    runner: ScriptRunner, store: ScriptedStore, observer: CountingObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    views = [await _registered(store, 1)]
    task = asyncio.create_task(LeaseAudit(runner, lambda: views[-1], lambda: 0.5).run())
    for found in (0, 1):
        await store.redis.delete(store.keys.fixed["leases"])
        views.append(dict(views[-1]))
        await eventually(lambda found=found: len(observer.lost) > found)  # type: ignore[misc]
    await end_task(task)


async def test_without_a_view_nobody_is_asked(runner: ScriptRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    asked: list[int] = []

    def none() -> None:
        asked.append(1)

    task = asyncio.create_task(LeaseAudit(runner, none, lambda: 0.5).run())
    await eventually(lambda: len(asked) > 3)
    assert not task.done()
    await end_task(task)


async def test_a_store_that_is_away_is_counted_and_asked_again(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    server = own_store(durable=True)
    async with real_runner(server.url, namespace) as runner:
        observer = runner.observer = CountingObserver()
        store = ScriptedStore(runner)
        await store.open()
        brokers = await _registered(store, 1)
        await store.redis.delete(store.keys.fixed["leases"])
        server.kill9()
        task = asyncio.create_task(LeaseAudit(runner, lambda: brokers, lambda: 0.5).run())
        await eventually(lambda: "audit" in observer.failures)
        server.start()
        await eventually(lambda: observer.lost == [1])
        await end_task(task)
