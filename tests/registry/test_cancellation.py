import asyncio

import pytest

from nsredis.registry.cancellation import end_task


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    started = asyncio.Event()
    lost = 0

    async def loop() -> None:
        nonlocal lost
        while True:
            started.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost > 2:
                    raise

    task = asyncio.create_task(loop())
    await started.wait()
    await end_task(task)
    assert task.cancelled()
    assert lost == 3


async def test_how_it_ended_does_not_matter() -> None:
    async def fails() -> None:
        raise ValueError("wrong")

    task = asyncio.create_task(fails())
    await asyncio.wait({task})
    await end_task(task)


async def test_whoever_ends_it_may_be_cancelled() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                if ended.is_set():
                    raise

    ended = asyncio.Event()
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await end_task(task)
    ended.set()
    await end_task(task)
