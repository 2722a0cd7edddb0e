import asyncio
from collections.abc import Callable

import uvloop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Every test here runs on both loops: what is left of a connection that closes is a loop's own business."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
