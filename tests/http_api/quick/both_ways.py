"""The HTTP API with and without its short way, over one view; without sockets, so that a test says what a read is."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import pytest

from nsredis.core.observer import SilentObserver
from nsredis.http_api.app import build_app
from nsredis.http_api.bodies import BodyLimits
from nsredis.http_api.quick_answers import QuickAnswers
from nsredis.http_api.server import HttpLimits, HttpServer
from nsredis.service.doors import Services
from nsredis.service.node_service import NodeService
from nsredis.service.query_service import QueryService
from nsredis.view.state import State
from nsredis.view.view import View
from tests.support.eventually import eventually

DATE = re.compile(rb"\r\nDate: ([^\r]*)\r\n")
_OWN_ID = re.compile(rb"\r\nX-Request-Id: [0-9a-f]{16}\r\n")


class Counting:
    """An HttpObserver that remembers."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, int]] = Counter()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        assert 0 <= seconds < 5
        self.answers[route, method, status] += 1

    def counter(self, route: str, method: str) -> Callable[[int, float], None]:
        return partial(self.answered, route, method)


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


class Conversation:
    """One connection to one of the two servers."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.wire = Wire(protocol)
        protocol.connection_made(self.wire)

    async def at_rest(self) -> None:
        """Wait until everything that was sent is worked off."""

        def resting() -> bool:
            waits = self.protocol._waiter is not None and not self.protocol._waiter.done()
            return self.wire.closed or (waits and not self.protocol._messages)

        await eventually(resting, every_s=0.0)

    async def send(self, *reads: bytes) -> bytes:
        """What is answered to these reads, once the connection is at rest again."""
        return await self.send_in_turn(
            *[(read, 8) for read in reads]
        )  # of a request that is whole, most is done by then

    async def send_in_turn(self, *reads: tuple[bytes, int]) -> bytes:
        """The same; behind each read the loop takes so many turns."""
        await self.at_rest()
        before = len(self.wire.written)
        for read, turns in reads:
            if not self.wire.closed:
                self.protocol.data_received(read)
                for _ in range(turns):
                    await asyncio.sleep(0)
        await self.at_rest()
        return self.wire.written[before:]


class BothWays:
    """Two servers of the same view and node: `quick`, and `plain`, which is what other releases of aiohttp get."""

    def __init__(self) -> None:
        self.view = View(SilentObserver())
        unused: Any = None  # nothing follows a store, and only reads are asked
        self.nodes = NodeService("the-node", self.view, unused, unused, unused)
        self.queries = QueryService(self.view, unused, lambda: "not yet")
        verbs: dict[str, Any] = dict.fromkeys(field.name for field in fields(Services))
        services = Services(**verbs | {"queries": self.queries, "nodes": self.nodes})
        self.counts = {"quick": Counting(), "plain": Counting()}
        self._servers = {}
        for way, counting in self.counts.items():
            app = build_app(services, counting, lambda: b"", limits=BodyLimits(1 << 20, 1 << 20))
            self._servers[way] = HttpServer(app, HttpLimits(), drain_s=0.0)
        self.quick: QuickAnswers | None = None

    async def start(self) -> None:
        for way, server in self._servers.items():
            with pytest.MonkeyPatch.context() as patch:
                if way == "plain":
                    patch.setattr("nsredis.http_api.server.aiohttp_is_known", lambda: False)
                await server._runner.setup()
        self.quick = self._servers["quick"]._runner.server._quick  # type: ignore[union-attr]

    def begin(self, state: State) -> None:
        """Forget everything, and answer from this state."""
        assert self.quick is not None
        self.quick._asked.clear()
        for counting in self.counts.values():
            counting.answers.clear()
        self.view.publish(state)
        self.view.matched(time.monotonic() + 3600)

    def connect(self, way: str) -> Conversation:
        manager = self._servers[way]._runner.server
        return Conversation(manager.connection(lambda: None))  # type: ignore[union-attr]

    async def stop(self) -> None:
        for server in self._servers.values():
            await server.stop()


def comparable(answer: bytes) -> bytes:
    """An answer without its time and its random number, which two answers need not share."""
    return _OWN_ID.sub(b"\r\nX-Request-Id: random\r\n", DATE.sub(b"\r\nDate: now\r\n", answer))
