import asyncio

import pytest

from nsredis.remoting.limits import Limits
from nsredis.wire.codes import ResponseCode
from nsredis.wire.commands import Command
from tests.remoting.conftest import Start
from tests.remoting.raw_client import RawClient, request
from tests.remoting.scripted_door import LATER, NOW, ORDERED
from tests.support.eventually import eventually
from tests.support.flicker import within


@pytest.mark.parametrize("code", [NOW, LATER, ORDERED])
async def test_clients_that_know_it_are_sent_away_and_others_served(start: Start, code: int) -> None:
    remoting = await start()
    client = await remoting.client()
    assert (await client.ask(code, 1, version=479)).code == 0
    remoting.server.send_away()
    answer = await client.ask(code, 2, version=476)
    assert (answer.code, answer.opaque, answer.remark) == (ResponseCode.GO_AWAY, 2, "please go away")
    assert (await client.ask(code, 3, version=475)).code == 0
    await client.send(request(code, 4, version=479, one_way=True))
    await eventually(lambda: [asked.opaque for asked in remoting.door.asked] == [1, 3, 4])
    assert (await (await remoting.client()).ask(code, 5)).code == 0  # a balancer may not have heard of it yet


async def test_a_drain_waits_for_answers_and_then_closes(start: Start) -> None:
    remoting = await start()
    remoting.door.go.clear()
    silent, waiting = await remoting.client(), await remoting.client()
    await silent.ask(NOW)
    await waiting.send(request(LATER, 1))
    await eventually(lambda: remoting.door.running == 1)
    draining = asyncio.create_task(remoting.server.drain())
    await eventually(lambda: remoting.server._listeners == [])
    with pytest.raises(ConnectionRefusedError):
        await RawClient.connect(remoting.address)
    assert (await silent.ask(NOW, 2)).code == 0
    assert (await silent.ask(NOW, 3, version=479)).code == ResponseCode.GO_AWAY
    assert not draining.done()
    remoting.door.go.set()
    assert (await waiting.receive()).opaque == 1
    assert await waiting.is_cut_off()
    assert await silent.is_cut_off()
    await draining
    assert remoting.observer.closed == {"drain": 2}
    assert len(remoting.door.gone) == 2


async def test_a_drain_waits_for_what_a_closed_connection_asked(start: Start) -> None:
    remoting = await start()
    remoting.door.go.clear()
    client = await remoting.client()
    await client.send(request(ORDERED, 1, one_way=True))
    await eventually(lambda: remoting.door.running == 1)
    client.reset()
    await eventually(lambda: remoting.observer.closed == {"peer": 1})
    draining = asyncio.create_task(remoting.server.drain())
    await asyncio.sleep(0.05)
    assert not draining.done()
    remoting.door.go.set()
    await draining
    assert remoting.door.ended == [1]
    assert len(remoting.door.gone) == 1


async def test_what_takes_longer_than_the_drain_is_cut_off(start: Start) -> None:
    remoting = await start(drain_s=0.1)
    remoting.door.go.clear()
    client = await remoting.client()
    await client.send(request(LATER, 1))
    await eventually(lambda: remoting.door.running == 1)
    async with within(1):
        await remoting.server.drain()
    assert await client.is_cut_off()
    await eventually(lambda: remoting.door.running == 0)
    assert len(remoting.door.gone) == 1


async def test_a_client_that_does_not_read_does_not_hold_up_a_drain(start: Start) -> None:
    remoting = await start(drain_s=0.1)
    remoting.door.prepared = bytes(4_000_000)
    client = await remoting.client()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await client.send(request(106) * 10)
    await eventually(lambda: len(remoting.door.asked) > 0)
    await remoting.server.drain()
    await remoting.server.stop()
    assert len(remoting.door.gone) == 1


async def test_a_stop_without_a_drain_cuts_off(start: Start) -> None:
    remoting = await start(Limits())
    remoting.door.go.clear()
    client = await remoting.client()
    await client.send(request(LATER, 1) + request(ORDERED, 2) + request(ORDERED, 3))
    await eventually(lambda: remoting.door.running == 2)
    await remoting.server.stop()
    assert await client.is_cut_off()
    assert remoting.observer.closed == {"stop": 1}
    assert len(remoting.door.gone) == 1
    await eventually(lambda: remoting.door.running == 0)
    assert remoting.door.begun == [1, 2]
    await remoting.server.stop()


async def test_an_answer_that_is_ready_is_sent_before_a_close(start: Start) -> None:
    remoting = await start()

    async def closing(asked: Command, _: object) -> Command:
        remoting.door.peers[0].send(Command(905, 7))
        remoting.door.peers[0].close("test")
        return asked.reply(0)

    remoting.door.work[LATER] = closing
    client = await remoting.client()
    assert (await client.ask(LATER, 1)).opaque == 7
    assert await client.is_cut_off()
