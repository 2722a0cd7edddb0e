"""What the application carries for its handlers."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from nsredis.view.answers import Answer

METRICS_TEXT: Final[web.AppKey[Callable[[], bytes]]] = web.AppKey("metrics_text", Callable)  # type: ignore[arg-type]
NSADDR: Final = web.AppKey("nsaddr", str)
"""What /rocketmq/nsaddr answers in place of the nodes' own addresses; empty: those."""

FIND: Final[web.RequestKey[Callable[[], Answer]]] = web.RequestKey("find", Callable)  # type: ignore[arg-type]
"""In a request that was answered: what gives the same answer again, from the view as it is then, and asks nothing else
of the request. It must not hold the request.
"""
