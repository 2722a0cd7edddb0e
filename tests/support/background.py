"""Work that a test has done beside it, until it says that it is enough."""

import asyncio

from nsredis.registry.cancellation import end_task


async def ended(task: "asyncio.Task[None] | None") -> None:
    """End work that would go on for ever. Raises what it failed with, if it did before."""
    assert task is not None, "it was never begun"
    if task.done():
        task.result()
        raise AssertionError(f"{task.get_name()} ended by itself")
    await end_task(task)
