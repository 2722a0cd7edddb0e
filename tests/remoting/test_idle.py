import asyncio
import time

from nsredis.remoting.limits import Limits
from tests.remoting.conftest import Start
from tests.remoting.raw_client import request
from tests.remoting.scripted_door import LATER, NOW
from tests.support.eventually import eventually
from tests.support.flicker import within


async def test_a_connection_without_read_and_write_is_closed(start: Start) -> None:
    remoting = await start(Limits(idle_s=0.4))
    silent, half, talking = [await remoting.client() for _ in range(3)]
    begun = time.monotonic()
    async with within(2.0):
        await half.send(request(NOW)[:10])
        closed = asyncio.gather(silent.is_cut_off(), half.is_cut_off())
        while not closed.done():
            assert (await talking.ask(NOW)).code == 0
            await asyncio.sleep(0.02)
        assert all(await closed)
    assert time.monotonic() - begun >= 0.4
    assert remoting.observer.closed == {"idle": 2}
    assert (await talking.ask(NOW)).code == 0


async def test_one_that_waits_for_its_answer_is_not_idle(start: Start) -> None:
    remoting = await start(Limits(idle_s=0.1, answer_within_s=0.5))
    remoting.door.go.clear()
    client = await remoting.client()
    assert (await client.ask(LATER)).code == 1
    assert await client.is_cut_off()


async def test_one_that_never_reads_is_closed_though_answers_wait_for_it(start: Start) -> None:
    remoting = await start(Limits(idle_s=0.3))
    remoting.door.prepared = bytes(4_000_000)
    client = await remoting.client()
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    client.writer.write(request(106) * 10)
    await eventually(lambda: remoting.observer.closed == {"idle": 1})
    client.reset()
