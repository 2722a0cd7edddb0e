"""How often a registration asks the store, and that what a view does not know yet loses nothing."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from nsredis.core.brokers import DataVersion, Registered, Registration
from nsredis.core.observer import SilentObserver
from nsredis.core.queues import QueueData
from nsredis.registry.admin_store import AdminStore
from nsredis.registry.broker_store import BrokerStore, MergedTable, TableMoved
from nsredis.registry.runner import ScriptRunner
from nsredis.registry.tables import Table
from nsredis.service.broker_service import BrokerService
from nsredis.service.own_writes import OwnWrites
from nsredis.view.state import State
from nsredis.view.table_change import compare
from nsredis.view.view import View
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess
from tests.support.topic_bodies import PlainBody

Q, R = QueueData(), QueueData(1, 1, 4, 0)


class CountedStore(BrokerStore):
    """Remembers of each call whether it brought a table."""

    def __init__(self, runner: ScriptRunner) -> None:
        super().__init__(runner, "n1")
        self.tables: list[bool] = []

    async def register(self, r: Registration, *, by: str, table: MergedTable | None) -> Registered | TableMoved:
        self.tables.append(table is not None)
        return await super().register(r, by=by, table=table)


class Desk:
    """The service on a real store, with a view that shows what the test has it show."""

    def __init__(self, runner: ScriptRunner) -> None:
        self.store = CountedStore(runner)
        self.view = View(SilentObserver())
        self.view.publish(State())
        self.service = BrokerService(
            self.store, AdminStore(runner), self.view, OwnWrites(View(SilentObserver())), SilentObserver()
        )

    async def show(self) -> Table:
        """Let the view show the table that the store has."""
        table = await self.store.table("a")
        state = self.view.state
        assert state is not None
        state.set_table(await compare("a", state.tables.get("a"), table))
        self.view.matched(time.monotonic())
        return table

    async def register(self, topics: dict[str, QueueData], number: int, broker: int = 0) -> list[bool]:
        """Register with topics under the data version of that number; whether the calls that it took had tables."""
        self.store.tables.clear()
        body = PlainBody(topics, f"d{number}")
        r = Registration("c", "a", broker, f"10.0.0.{broker}:1", data_version=DataVersion(0, 1, number), topics=body)
        await self.service.register(replace(r, replaces_table=False, foreign=True), by="test")
        return self.store.tables.copy()


@pytest.fixture
async def desk(store_server: StoreProcess, namespace: str) -> AsyncIterator[Desk]:
    async with real_runner(store_server.url, namespace) as runner:
        await ScriptedStore(runner).open()
        yield Desk(runner)


async def test_a_changed_table_is_brought_at_once_where_the_view_shows_what_it_is_merged_on(desk: Desk) -> None:
    assert await desk.register({"A": Q, "B": Q}, 1) == [False, True]
    await desk.show()
    assert await desk.register({"A": Q, "B": R}, 2) == [True]
    assert (await desk.show()).topics == {"A": Q, "B": R}
    assert await desk.register({"A": Q, "B": R}, 2) == [False]
    assert await desk.register({"A": Q, "B": R}, 3) == [False, True]  # nothing new: perhaps the store knows it


async def test_a_slave_and_a_view_that_does_not_follow_ask_first(desk: Desk) -> None:
    await desk.register({"A": Q}, 1)
    await desk.show()
    assert await desk.register({"B": Q}, 2, broker=1) == [False]
    desk.view.saved = True
    assert await desk.register({"A": R}, 3) == [False, True]
    assert (await desk.store.table("a")).topics == {"A": R}


async def test_what_the_view_does_not_show_yet_is_not_lost(desk: Desk) -> None:
    await desk.register({"A": Q}, 1)
    await desk.show()
    assert await desk.register({"B": Q}, 2) == [True]
    assert await desk.register({"A": R}, 3) == [True, True]
    assert (await desk.store.table("a")).topics == {"A": R, "B": Q}


async def test_a_body_that_the_store_knows_changes_nothing_although_the_view_shows_less(
    desk: Desk, store_server: StoreProcess, namespace: str
) -> None:
    await desk.register({"A": Q}, 1)
    shown = await desk.show()
    await desk.register({"A": R}, 2)
    async with real_runner(store_server.url, namespace) as runner:
        other = Desk(runner)
        assert other.view.state is not None
        other.view.state.set_table(await compare("a", None, shown))
        other.view.matched(time.monotonic())
        before = await desk.store.table("a")
        assert await other.register({"A": R}, 2) == [True]
    assert await desk.store.table("a") == before
