import asyncio
import logging

import pytest

from nsredis.service import lane
from nsredis.service.lane import Lane
from tests.support.eventually import eventually


class Gate:
    """Work that waits at a gate; what came in, and how many stood there together."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.began: list[int] = []
        self.ended: list[int] = []
        self.most = 0

    async def work(self, thing: int) -> None:
        self.began.append(thing)
        self.most = max(self.most, len(self.began) - len(self.ended))
        await self.open.wait()
        self.ended.append(thing)


async def test_all_is_done_in_order_and_only_so_much_at_once() -> None:
    gate = Gate()
    work = Lane(gate.work, 3)
    for thing in range(10):
        work.add(thing)
    await eventually(lambda: len(gate.began) == 3)
    gate.open.set()
    await eventually(lambda: len(gate.ended) == 10)
    assert gate.began == list(range(10))
    assert gate.most == 3


async def test_what_is_on_its_way_is_not_done_twice_and_later_it_is_done_again() -> None:
    gate = Gate()
    work = Lane(gate.work, 1)
    for thing in (1, 1, 2, 2):
        work.add(thing)
    await eventually(lambda: gate.began == [1])
    work.add(1)
    gate.open.set()
    await eventually(lambda: gate.ended == [1, 2])
    work.add(1)
    await eventually(lambda: gate.ended == [1, 2, 1])


async def test_too_much_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "MOST_WAITING", 2)
    gate = Gate()
    work = Lane(gate.work, 1)
    for thing in range(5):
        work.add(thing)
    gate.open.set()
    await eventually(lambda: gate.ended == [0, 1, 2])


async def test_work_that_fails_is_told_of_and_the_next_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []

    async def work(thing: int) -> None:
        if thing == 1:
            raise RuntimeError("a fault")
        done.append(thing)

    faulty = Lane(work, 1)
    for thing in range(3):
        faulty.add(thing)
    await eventually(lambda: done == [0, 2])
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "the work on 1 failed" in record.getMessage()


async def test_closing_ends_what_runs_and_takes_nothing_more() -> None:
    gate = Gate()
    work = Lane(gate.work, 2)
    for thing in range(5):
        work.add(thing)
    await eventually(lambda: gate.began == [0, 1])
    await work.close()
    gate.open.set()
    work.add(9)
    assert (gate.began, gate.ended) == ([0, 1], [])
    assert asyncio.all_tasks() == {asyncio.current_task()}
