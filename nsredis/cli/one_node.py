"""One node in this process, from its start to its orderly end."""

import asyncio
import logging
from collections.abc import Callable

from nsredis.cli.end_signals import EndSignals
from nsredis.cli.endings import Listening, failed, stop_limit_s
from nsredis.node import Node
from nsredis.registry.cancellation import end_task

log = logging.getLogger(__name__)


async def run_node(node: Node, announce: Callable[[Listening], None]) -> int:
    """Run a node until a signal; the exit code. `announce` is called once it listens."""
    signals = EndSignals()
    starting = asyncio.create_task(node.start())
    try:
        await signals.or_done(starting)
        if starting.done() and signals.first is None:
            starting.result()
            announce(Listening(node.http_address, node.remoting_address, node.store_description))
            await signals.wait()
    except Exception as error:
        if (code := failed(node.settings, error)) is None:
            raise
        return code
    finally:
        await end_task(starting)
        await _stop(node)
    return 0


async def _stop(node: Node) -> None:
    limit_s = stop_limit_s(node.settings)
    try:
        async with asyncio.timeout(limit_s):
            await node.stop()
    except TimeoutError:
        log.error("the node did not stop within %s s and is given up", limit_s)  # noqa: TRY400 - the trace tells nothing
