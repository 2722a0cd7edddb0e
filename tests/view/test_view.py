import asyncio
import time

import pytest

from nsredis.core.errors import TooFarBehind
from nsredis.core.observer import SilentObserver
from nsredis.core.queues import QueueData
from nsredis.registry.tables import Table
from nsredis.view.state import State
from nsredis.view.table_change import TableChange
from nsredis.view.view import View


async def test_who_gave_up_waiting_for_a_revision_leaves_nothing_behind() -> None:
    view = View(SilentObserver())
    view.publish(State(1))
    for revision in (3, 2, 5):
        with pytest.raises(TooFarBehind):
            await view.wait_for(revision, 0.001)
    assert view._waiting == []


async def test_a_revision_that_comes_in_the_very_turn_in_which_patience_ends_has_come() -> None:
    view, loop = View(SilentObserver()), asyncio.get_running_loop()
    view.publish(State(1))
    waiting = asyncio.create_task(view.wait_for(2, 0.01))
    await asyncio.sleep(0)
    loop.call_later(0.02, view.publish, State(2))
    time.sleep(0.05)  # noqa: ASYNC251 - the loop stands still until both are due
    await waiting
    assert view._waiting == []


async def test_who_is_cancelled_in_the_turn_in_which_the_revision_comes_is_cancelled() -> None:
    view = View(SilentObserver())
    view.publish(State(1))
    waiting = asyncio.create_task(view.wait_for(2, 10))
    await asyncio.sleep(0)
    waiting.cancel()
    view.publish(State(2))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert view._waiting == []


def _listing(*topics: str) -> State:
    state = State(1)
    state.set_table(TableChange("a", Table(1, dict.fromkeys(topics, QueueData())), topics, (), ()))
    return state


async def test_what_groups_offered_is_remembered_when_all_is_read_anew() -> None:
    view = View(SilentObserver())
    view.publish(_listing("T"))
    view.publish(State(2))
    assert view.state is not None
    assert list(view.state.former.last_tables("T")) == ["a"]
    assert (view.state.former.since_revision, view.state.former.since_ms > 0) == (1, True)
    view.publish(_listing("U"))
    assert view.state.former.dropped("T") == {"a": 1}


def test_a_topic_that_is_listed_again_is_not_remembered_as_dropped() -> None:
    state = _listing("T")
    state.set_table(TableChange("a", Table(2), (), ("T",), ()))
    assert state.former.dropped("T") == {"a": 2}
    state.set_table(TableChange("a", Table(3, {"T": QueueData()}), ("T",), (), ()))
    assert state.former.dropped("T") == {}


def test_what_is_read_from_disk_confirms_no_broker() -> None:
    view = View(SilentObserver())
    assert view.confirmed_brokers() is None
    view.publish_saved(State(1), 10)
    assert view.confirmed_brokers() is None
    state = State(2)
    view.publish(state)
    assert view.confirmed_brokers() is state.brokers
