"""A broker that listens, in a store with what judges closed connections."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from nsredis.core.brokers import BrokerKey
from nsredis.core.observer import SilentObserver
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.runner import ScriptRunner
from nsredis.service.probe import Probe, TcpProbe
from nsredis.service.suspects import Suspects
from nsredis.view.state import State
from nsredis.view.view import View
from tests.support.eventually import eventually
from tests.support.listener import Listener
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess

KEY = BrokerKey("a", 0)


class Counts(SilentObserver):
    """What was probed, and how often the store failed."""

    def __init__(self) -> None:
        self.probes: list[str] = []
        self.failures = 0

    def probed(self, outcome: str) -> None:
        self.probes.append(outcome)

    def store_failed(self, what: str) -> None:
        self.failures += 1


class House:
    """A store with what judges closed connections, and one broker that listens."""

    def __init__(self, runner: ScriptRunner, listener: Listener) -> None:
        self.store = ScriptedStore(runner)
        self.listener = listener
        self.counts = Counts()
        runner.observer = self.counts
        self.view = View(self.counts)
        self.view.publish(State())
        self.suspects = self.with_probe(TcpProbe())

    def with_probe(self, probe: Probe | None) -> Suspects:
        self.suspects = Suspects(BrokerStore(self.store.runner, "n1"), probe, self.view, self.counts)
        return self.suspects

    async def register(self, **given: Any) -> int:
        """Register the broker, as the door does; its epoch."""
        epoch = (await self.store.register(address=self.listener.address, **given)).epoch
        self.suspects.registered(KEY, self.listener.address, epoch)
        return epoch

    async def reached(self) -> None:
        """Wait until the probe that follows a registration got through."""
        await eventually(lambda: self.counts.probes == ["reached"])

    async def became(self, kind: str) -> None:
        """Wait for a change of the broker."""

        async def changed() -> bool:
            return (await self.store.last_change()).kind == kind

        await eventually(changed, what=f"the last change is {kind}")

    async def why(self) -> str:
        return (await self.store.last_change()).why

    async def beat(self) -> None:
        """Beat until the store's clock shows it."""
        before = await self.store.last_beat()
        while await self.store.last_beat() == before:
            await self.store.beat()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
async def house(store_server: StoreProcess, namespace: str, listener: Listener) -> AsyncIterator[House]:
    async with real_runner(store_server.url, namespace) as runner:
        house = House(runner, listener)
        await house.store.open()
        yield house
        await house.suspects.close()
