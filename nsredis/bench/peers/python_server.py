"""What the small servers of this package share: their loop, and that they listen on loopback."""

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable


def run(serve: Callable[[], Awaitable[object]]) -> None:
    """Serve on uvloop where it is installed, until the process is ended."""
    factory = None
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        factory = uvloop.new_event_loop

    async def forever() -> None:
        kept = await serve()
        await asyncio.Event().wait()
        del kept

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(forever())
