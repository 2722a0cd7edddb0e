"""Ending a task that talks to Redis."""

import asyncio
from typing import Any, Final

AGAIN_S: Final = 0.1


async def end_task(task: "asyncio.Task[Any]") -> None:
    """Cancel a task and wait for its end, whatever it ends with.

    One cancel is not enough: before Python 3.12 `asyncio.wait_for`, through which redis-py sends every command, loses a
    cancellation that comes while the command is being sent, and the task goes on as if nothing had been said.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
    if not task.cancelled():
        task.exception()  # seen, so that nobody warns of it
