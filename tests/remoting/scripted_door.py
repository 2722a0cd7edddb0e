"""A door whose answers the test chooses, and an observer that remembers."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from nsredis.remoting.door import Order, Peer
from nsredis.remoting.observer import SilentRemotingObserver
from nsredis.wire.commands import Command

NOW = 105
"""Answered at once with its own body."""
PREPARED = 106
"""Answered at once with `ScriptedDoor.prepared`, a whole frame."""
LATER = 322
"""Answered by a task, with its own body, when `ScriptedDoor.go` is set."""
ORDERED = 103
"""The same, in order of arrival."""
SHARED = 904
"""The same, beside others of its code."""
FAILS = 1
FAILS_LATER = 2
FAILS_TO_SORT = 3

Work = Callable[[Command, Peer], Awaitable[Command | None]]


class ScriptedDoor:
    """Remembers what it was asked; `work` may replace what a code's task does."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.peers: list[Peer] = []
        self.gone: list[Peer] = []
        self.running = self.most_running = 0
        self.prepared = b""
        self.work: dict[int, Work] = {}
        self.go = asyncio.Event()
        self.go.set()

    def answer_now(self, request: Command, peer: Peer) -> Command | bytes | None:
        self.asked.append(request)
        if peer not in self.peers:
            self.peers.append(peer)
        match request.code:
            case 105:
                return request.reply(0, body=request.body)
            case 106:
                return self.prepared
            case 1:
                raise LookupError("no such thing")
            case _:
                return None

    def order(self, request: Command) -> Order:
        if request.code == FAILS_TO_SORT:
            raise ValueError("unsortable")
        return {ORDERED: Order.ALONE, SHARED: Order.SHARED}.get(request.code, Order.FREE)

    async def answer(self, request: Command, peer: Peer) -> Command | None:
        self.begun.append(request.opaque)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if request.code == FAILS_LATER:
                raise LookupError("no such thing")
            if request.code in self.work:
                return await self.work[request.code](request, peer)
            await self.go.wait()
            return request.reply(0, body=request.body)
        finally:
            self.running -= 1
            self.ended.append(request.opaque)

    def closed(self, peer: Peer) -> None:
        self.gone.append(peer)


class Remembering(SilentRemotingObserver):
    """Counts in dictionaries."""

    def __init__(self) -> None:
        self.opened = self.malformed = 0
        self.closed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.answered: Counter[tuple[int, int]] = Counter()
        self.seconds = 0.0

    def connection_opened(self) -> None:
        self.opened += 1

    def connection_closed(self, why: str) -> None:
        self.closed[why] += 1

    def connection_refused(self, why: str) -> None:
        self.refused[why] += 1

    def frame_malformed(self) -> None:
        self.malformed += 1

    def request_answered(self, code: int, answer: int, seconds: float, count: int = 1) -> None:
        self.answered[code, answer] += count
        self.seconds = max(self.seconds, seconds)
