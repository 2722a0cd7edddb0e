"""What the application carries for its handlers."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

METRICS_TEXT: Final[web.AppKey[Callable[[], bytes]]] = web.AppKey("metrics_text", Callable)  # type: ignore[arg-type]
NSADDR: Final = web.AppKey("nsaddr", str)
"""What /rocketmq/nsaddr answers in place of the nodes' own addresses; empty: those."""
