"""One of the processes of `nsredis serve --workers N`: `python -m nsredis.cli.worker NUMBER STARTS`.

Settings come in NSREDIS_ variables. Once it listens it says where, as a line of JSON on standard output; besides it
says there once a second that its event loop runs. STARTS is above 1 for one that takes the place of one that died: the
others serve meanwhile, so it listens when it is ready.
"""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from typing import Final, NoReturn

import msgspec

from nsredis.cli.endings import Listening
from nsredis.cli.event_loop import loop_factory
from nsredis.cli.one_node import run_node
from nsredis.cli.pulses import beat
from nsredis.logs import set_up_logging
from nsredis.node import Node
from nsredis.registry.cancellation import end_task
from nsredis.settings import load_settings

log = logging.getLogger("nsredis.cli.worker")

READY_FIRST_S: Final = 10.0
"""How long one that takes another's place may wait until it is ready; then it answers what it can."""


def main(arguments: list[str]) -> NoReturn:
    """Run the node until a signal."""
    number, starts = map(int, arguments)
    settings = load_settings({}, os.environ)
    set_up_logging(settings.log_level, settings.log_format, settings.node_id, one_of_several=True)
    node = Node(settings, first=number == 1, ready_first_s=READY_FIRST_S if starts > 1 else 0.0, starts=starts)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        code = runner.run(_run(node))
    sys.exit(code)


async def _run(node: Node) -> int:
    beating = asyncio.create_task(beat(), name="beat")
    try:
        return await run_node(node, _tell)
    finally:
        await end_task(beating)


def _tell(said: Listening) -> None:
    log.info("listening", extra=msgspec.structs.asdict(said))
    with suppress(BrokenPipeError):  # nobody is there any more: the signal that ends us is on its way
        sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
