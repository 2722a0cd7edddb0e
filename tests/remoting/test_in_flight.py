import asyncio
import time

import pytest

from nsredis.remoting.door import Peer
from nsredis.remoting.limits import ANSWER_WITHIN_S, Limits
from nsredis.wire.codes import ResponseCode
from nsredis.wire.commands import Command
from tests.remoting.conftest import Start
from tests.remoting.raw_client import request
from tests.remoting.scripted_door import LATER, NOW, ORDERED, SHARED
from tests.support.eventually import eventually
from tests.support.flicker import within


async def test_requests_run_beside_each_other_and_ordered_ones_one_after_the_other(start: Start) -> None:
    remoting = await start()
    door, client = remoting.door, await remoting.client()

    async def the_first_is_slowest(asked: Command, _: Peer) -> Command:
        await asyncio.sleep(0.02 / asked.opaque)
        return asked.reply(0)

    door.work[ORDERED] = the_first_is_slowest
    door.go.clear()
    frames = [request(ORDERED, 1), request(LATER, 11), request(ORDERED, 2), request(LATER, 12), request(ORDERED, 3)]
    await client.send(b"".join(frames))
    assert [(await client.receive()).opaque for _ in range(3)] == [1, 2, 3]
    assert door.running == 2
    door.go.set()
    assert {(await client.receive()).opaque for _ in range(2)} == {11, 12}
    assert [opaque for opaque in door.begun if opaque < 10] == [1, 2, 3]
    assert [opaque for opaque in door.ended if opaque < 10] == [1, 2, 3]


async def test_the_order_is_that_of_one_connection(start: Start) -> None:
    remoting = await start()
    remoting.door.go.clear()
    for opaque in (1, 2):
        await (await remoting.client()).send(request(ORDERED, opaque))
    await eventually(lambda: remoting.door.running == 2)
    remoting.door.go.set()


async def test_every_answer_leaves_in_time(start: Start) -> None:
    remoting = await start()
    remoting.door.go.clear()
    client = await remoting.client()
    begun = time.monotonic()
    async with within(2.9):
        await client.send(request(LATER, 1) + request(ORDERED, 2) + request(ORDERED, 3))
        answers = {answer.opaque: answer for answer in [await client.receive() for _ in range(3)]}
    assert ANSWER_WITHIN_S < 2
    assert time.monotonic() - begun > ANSWER_WITHIN_S - 0.05
    for opaque in (1, 2):
        assert answers[opaque].code == ResponseCode.SYSTEM_ERROR
        assert answers[opaque].remark == "not done within 1.9 s; whether it still will be is not known"
    assert answers[3].code == ResponseCode.SYSTEM_ERROR
    assert (answers[3].remark or "").startswith("not begun within 1.9 s")
    await eventually(lambda: remoting.door.running == 0)  # they are cancelled
    assert 3 not in remoting.door.begun
    assert (await client.ask(NOW, 4)).code == 0


async def test_work_that_will_not_be_cancelled_holds_up_only_its_own_order(start: Start) -> None:
    remoting = await start(Limits(answer_within_s=0.05))
    door, client = remoting.door, await remoting.client()
    refused = 0

    async def stubborn(asked: Command, _: Peer) -> Command:
        nonlocal refused
        while not door.go.is_set():
            try:
                await door.go.wait()
            except asyncio.CancelledError:
                refused += 1
        return asked.reply(0)

    door.work[ORDERED] = stubborn
    door.go.clear()
    assert (await client.ask(ORDERED, 1)).code == ResponseCode.SYSTEM_ERROR
    assert (await client.ask(ORDERED, 2)).code == ResponseCode.SYSTEM_ERROR
    assert (await client.ask(NOW, 3)).code == 0
    await eventually(lambda: refused > 1)  # it is asked again
    door.go.set()
    await eventually(lambda: door.running == 0)
    assert (await client.ask(ORDERED, 4)).code == 0
    assert door.begun == [1, 4]


async def test_a_cancelled_task_is_answered(start: Start) -> None:
    remoting = await start()

    async def cancelled(_: Command, __: Peer) -> Command:
        raise asyncio.CancelledError

    remoting.door.work[LATER] = cancelled
    answer = await (await remoting.client()).ask(LATER)
    assert (answer.code, answer.remark) == (ResponseCode.SYSTEM_ERROR, "CancelledError: it was given up")


async def test_only_so_many_run_at_once_and_nothing_more_is_read(start: Start) -> None:
    remoting = await start(Limits(in_flight=4))
    door, client = remoting.door, await remoting.client()
    door.go.clear()
    await client.send(b"".join(request(LATER, opaque) for opaque in range(6)))
    await eventually(lambda: door.running == 4)
    await client.send(request(NOW, 100))
    [connection] = remoting.server._shared.connections
    assert not connection._reading
    assert all(asked.opaque < 100 for asked in door.asked)
    door.go.set()
    answered = [(await client.receive()).opaque for _ in range(7)]
    assert sorted(answered) == [0, 1, 2, 3, 4, 5, 100]
    assert door.most_running == 4


async def test_requests_that_wait_for_a_place_are_answered_in_time_too(start: Start) -> None:
    remoting = await start(Limits(in_flight=1, answer_within_s=0.1))
    remoting.door.go.clear()
    client = await remoting.client()
    await client.send(request(LATER, 1) + request(LATER, 2) + request(NOW, 3))
    answers = [await client.receive() for _ in range(3)]
    assert {answer.opaque: answer.code for answer in answers} == {
        3: ResponseCode.SUCCESS,
        1: ResponseCode.SYSTEM_ERROR,
        2: ResponseCode.SYSTEM_ERROR,
    }
    assert remoting.door.begun == [1]


async def test_large_requests_fill_a_connection_sooner(start: Start) -> None:
    remoting = await start(Limits(in_flight_bytes=100_000))
    remoting.door.go.clear()
    client = await remoting.client()
    await client.send(request(LATER, 1, bytes(120_000)))
    await eventually(lambda: remoting.door.begun == [1])
    [connection] = remoting.server._shared.connections
    await eventually(lambda: not connection._reading)
    remoting.door.go.set()
    assert (await client.receive()).opaque == 1
    await eventually(lambda: connection._reading)


async def test_all_connections_together_hold_only_so_much(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    remoting = await start(Limits(held_bytes=100_000, unfinished_bytes=100_000))
    remoting.door.go.clear()
    first, second, third = [await remoting.client() for _ in range(3)]
    await first.send(request(LATER, 1, bytes(60_000)))
    await eventually(lambda: remoting.door.begun == [1])
    await second.send(request(LATER, 2, bytes(30_000)))
    await eventually(lambda: remoting.door.begun == [1, 2])
    answer = await second.ask(LATER, 3, bytes(20_000))
    assert answer.code == ResponseCode.SYSTEM_BUSY
    await third.send(request(LATER, 4, bytes(200_000))[:150_000])
    assert await third.is_cut_off()
    assert remoting.observer.closed == {"memory": 1}
    remoting.door.go.set()
    assert [(await first.receive()).opaque, (await second.receive()).opaque] == [1, 2]
    assert len((await second.ask(LATER, 5, bytes(90_000))).body or b"") == 90_000
    assert remoting.server._shared.budget._left == 100_000


async def test_a_closed_connection_is_told_after_its_last_request(start: Start) -> None:
    remoting = await start()
    door, client = remoting.door, await remoting.client()
    door.go.clear()
    await client.send(request(ORDERED, 1, one_way=True) + request(ORDERED, 2, one_way=True) + request(LATER, 3))
    await eventually(lambda: door.running == 2)
    client.reset()
    await eventually(lambda: remoting.observer.closed == {"peer": 1})
    assert door.gone == []
    door.go.set()
    await eventually(lambda: len(door.gone) == 1)
    assert sorted(door.ended) == [1, 2, 3]  # what was sent is carried out
    assert not remoting.server._shared.connections


async def test_those_that_share_run_beside_each_other_and_never_beside_one_that_stands_alone(start: Start) -> None:
    remoting = await start(Limits(in_flight=3))
    door, client = remoting.door, await remoting.client()
    door.go.clear()
    numbers = [(SHARED, 1), (SHARED, 2), (ORDERED, 3), (SHARED, 4), (SHARED, 5), (SHARED, 6), (SHARED, 7), (ORDERED, 8)]
    allowed = {1: asyncio.Event(), 3: asyncio.Event(), 4: asyncio.Event()}

    async def when_allowed(asked: Command, _: Peer) -> Command:
        last = max(number for number in allowed if number <= asked.opaque)
        await allowed[last].wait()
        return asked.reply(0)

    door.work[ORDERED] = door.work[SHARED] = when_allowed
    await client.send(b"".join(request(code, opaque) for code, opaque in [*numbers, (NOW, 99)]))
    assert (await client.receive()).opaque == 99  # all were read
    await eventually(lambda: door.begun == [1, 2])
    allowed[1].set()
    await eventually(lambda: door.begun == [1, 2, 3])
    allowed[3].set()
    await eventually(lambda: door.begun == [1, 2, 3, 4, 5, 6])  # no more than may be in flight
    allowed[4].set()
    assert [(await client.receive()).opaque for _ in numbers] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert door.most_running == 3


async def test_the_frame_that_began_first_makes_room_for_others(start: Start) -> None:
    remoting = await start(Limits(unfinished_bytes=100_000))
    slow, other = await remoting.client(), await remoting.client()
    await slow.send(request(LATER, 1, bytes(200_000))[:80_000])
    shared = remoting.server._shared
    await eventually(lambda: shared.unfinished._left == 20_000)
    await other.send(request(LATER, 2, bytes(60_000))[:50_000])
    assert await slow.is_cut_off()
    assert remoting.observer.closed == {"memory": 1}
    await other.send(request(LATER, 2, bytes(60_000))[50_000:])
    assert (await other.receive()).opaque == 2
    assert shared.unfinished._left == 100_000


async def test_a_frame_must_be_complete_in_time_though_bytes_keep_coming(start: Start) -> None:
    remoting = await start(Limits(idle_s=1.0, frame_s=0.3))
    client = await remoting.client()
    frame = request(LATER, 1, bytes(10_000))
    await client.send(frame[:1000])

    async def cut_off() -> bool:
        await client.send(b"\0")
        return remoting.observer.closed == {"slow": 1}

    await eventually(cut_off, every_s=0.05)


async def test_a_connection_that_ends_keeps_no_bytes(start: Start) -> None:
    remoting = await start(Limits())
    client = await remoting.client()
    await client.send(request(LATER, 1, bytes(200_000))[:150_000])
    await eventually(lambda: len(remoting.server._shared.connections) == 1)
    [connection] = remoting.server._shared.connections
    await eventually(lambda: connection._splitter.pending > 0)
    await client.close()
    await eventually(lambda: connection._lost)
    assert connection._splitter.pending == 0
    assert connection._unfinished == 0
