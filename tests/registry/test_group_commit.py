import asyncio
from collections.abc import Sequence

import pytest

from nsredis.core.brokers import Beat
from nsredis.core.errors import BrokerNotFound, NsredisError, StoreUnavailable
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.group_commit import MAX_BATCH, BeatQueue
from nsredis.registry.runner import ScriptRunner
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore

Outcome = list[NsredisError | None]


def _beats(*names: str) -> list[Beat]:
    return [Beat("c", name, 0) for name in names]


class Wire:
    """Takes batches and lets the test answer each when it wants."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.answers: list[asyncio.Future[Outcome | None]] = []

    async def send(self, beats: Sequence[Beat]) -> Outcome:
        self.batches.append([beat.name for beat in beats])
        answer: asyncio.Future[Outcome | None] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        return await answer or [None] * len(beats)

    async def batch(self, number: int) -> list[str]:
        await eventually(lambda: len(self.batches) > number)
        return self.batches[number]


async def test_beats_that_come_while_a_pipeline_is_in_flight_leave_together_in_the_next() -> None:
    wire = Wire()
    queue = BeatQueue(wire.send)
    first = asyncio.create_task(queue.beat(*_beats("a")))
    assert await wire.batch(0) == ["a"]
    late = [asyncio.create_task(queue.beat(beat)) for beat in _beats("b", "c")]
    late.append(asyncio.create_task(_all(queue, "d", "e")))
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(wire.batches) == 1  # one in flight
    wire.answers[0].set_result(None)
    await first
    assert await wire.batch(1) == ["b", "c", "d", "e"]
    assert not any(task.done() for task in late)
    wire.answers[1].set_result(None)
    await asyncio.gather(*late)
    assert len(wire.batches) == 2


async def _all(queue: BeatQueue, *names: str) -> None:
    await queue.beat_all(_beats(*names))


async def test_each_hears_its_own_outcome() -> None:
    wire = Wire()
    queue = BeatQueue(wire.send)
    gone = BrokerNotFound("gone")
    many = asyncio.create_task(queue.beat_all(_beats("a", "b", "c")))
    await wire.batch(0)
    wire.answers[0].set_result([None, gone, None])
    assert await many == [None, gone, None]
    one = asyncio.create_task(queue.beat(*_beats("b")))
    await wire.batch(1)
    wire.answers[1].set_result([gone])
    with pytest.raises(BrokerNotFound):
        await one


async def test_batches_are_bounded() -> None:
    wire = Wire()
    queue = BeatQueue(wire.send)
    many = asyncio.create_task(queue.beat_all(_beats(*[str(i) for i in range(MAX_BATCH + 1)])))
    for number in (0, 1):
        await wire.batch(number)
        wire.answers[number].set_result(None)
    assert await many == [None] * (MAX_BATCH + 1)
    assert [len(batch) for batch in wire.batches] == [MAX_BATCH, 1]


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), RuntimeError("a bug")])
async def test_a_failure_fails_its_batch_and_nothing_else(failure: Exception) -> None:
    wire = Wire()
    queue = BeatQueue(wire.send)
    lost = asyncio.create_task(queue.beat_all(_beats("a", "b")))
    await wire.batch(0)
    wire.answers[0].set_exception(failure)
    assert [type(refused) for refused in await lost] == [StoreUnavailable] * 2
    again = asyncio.create_task(queue.beat(*_beats("a")))
    await wire.batch(1)
    wire.answers[1].set_result(None)
    await again


async def test_a_caller_that_gives_up_does_not_disturb_the_others() -> None:
    wire = Wire()
    queue = BeatQueue(wire.send)
    tasks = [asyncio.create_task(queue.beat(beat)) for beat in _beats("a", "b")]
    await wire.batch(0)
    tasks[0].cancel()
    wire.answers[0].set_result(None)
    await tasks[1]
    assert (await asyncio.gather(tasks[0], return_exceptions=True))[0].__class__ is asyncio.CancelledError


async def test_no_beats_are_no_round_trip() -> None:
    wire = Wire()
    assert await BeatQueue(wire.send).beat_all([]) == []
    assert wire.batches == []


async def test_over_a_real_store(runner: ScriptRunner, store: ScriptedStore) -> None:
    await store.register("a")
    queue = BeatQueue(BrokerStore(runner, "n1").beats)
    outcomes = await queue.beat_all(_beats("a", "nobody", "a"))
    assert [type(refused) for refused in outcomes] == [type(None), BrokerNotFound, type(None)]
    await queue.beat(Beat("c", "a", 0))
