"""The requests of one connection that are answered by tasks: in order where it matters, bounded, always in time."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nsredis.remoting.door import Door, Order, Peer
from nsredis.remoting.limits import Budget, Limits
from nsredis.sockets.seldom import Seldom
from nsredis.wire.codes import ResponseCode
from nsredis.wire.commands import Command

log = logging.getLogger(__name__)

overload: Final = Seldom(log, logging.WARNING)

CANCEL_AGAIN_S: Final = 0.2
"""A cancellation can be lost inside a library; it is asked for until it is heard."""
MOST_WORDS: Final = 1000

Answered = Callable[[Command, Command | None, float], None]
"""Called with a request, its answer, and when it arrived on the performance counter."""


def failed(request: Command, peer: Peer, error: BaseException) -> Command:
    """The answer to a request at which code failed; the log says why."""
    log.error("request %d of %s failed", request.code, peer.address, exc_info=error)
    words = f"{type(error).__name__}: {error}"[:MOST_WORDS].encode(errors="replace").decode()
    return request.reply(ResponseCode.SYSTEM_ERROR, remark=words)


@dataclass(slots=True, eq=False)
class _Entry:
    """A request on its way."""

    request: Command
    size: int
    arrived: float
    order: Order
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[Command | None] | None = None
    answered: bool = False


class InFlight:
    """Runs `Door.answer`, and calls `answered` exactly once for each request, within the time that an answer has."""

    def __init__(self, door: Door, peer: Peer, limits: Limits, budget: Budget, answered: Answered) -> None:
        self._door = door
        self._peer = peer
        self._limits = limits
        self._budget = budget
        self._answered = answered
        self._loop = asyncio.get_running_loop()
        self._line: deque[_Entry] = deque()
        self._line_running = 0
        self._line_alone = False
        self._waiting: deque[_Entry] = deque()
        self._running: set[_Entry] = set()
        self._bytes = 0
        self.count = 0
        """Requests that have no answer yet."""

    @property
    def full(self) -> bool:
        """Whether no more should be read for now."""
        return self.count >= self._limits.in_flight or self._bytes >= self._limits.in_flight_bytes

    def take(self, request: Command, size: int, order: Order) -> None:
        """Answer a request that came in a frame of `size` bytes."""
        entry = _Entry(request, size, time.perf_counter(), order)
        self.count += 1
        if not self._budget.take(size):
            entry.size = 0
            overload.tell("requests are refused: those that are not answered yet take all the memory they may")
            busy = "[OVERLOAD]the name server holds as many requests as it can; this one was not begun"
            self._settle(entry, request.reply(ResponseCode.SYSTEM_BUSY, remark=busy))
            return
        self._bytes += size
        entry.timer = self._loop.call_later(self._limits.answer_within_s, self._too_late, entry)
        (self._waiting if order is Order.FREE else self._line).append(entry)
        self._start_more()

    def end(self) -> None:
        """Give up what still runs; nobody is answered."""
        for entry in (*self._line, *self._waiting, *self._running):
            if not entry.answered:
                self._settle(entry, None)
            self._cancel(entry)
        self._line.clear()
        self._waiting.clear()

    def _start_more(self) -> None:
        while self._line and self._may_start(self._line[0].order):
            entry = self._line.popleft()
            if not entry.answered:
                self._line_running += 1
                self._line_alone = entry.order is Order.ALONE
                self._start(entry)
        while self._waiting and len(self._running) < self._limits.in_flight:
            entry = self._waiting.popleft()
            if not entry.answered:
                self._start(entry)

    def _may_start(self, order: Order) -> bool:
        """Whether the first in the line may."""
        if order is Order.ALONE:
            return not self._line_running
        return not self._line_alone and self._line_running < self._limits.in_flight

    def _start(self, entry: _Entry) -> None:
        entry.task = self._loop.create_task(self._door.answer(entry.request, self._peer))
        self._running.add(entry)
        entry.task.add_done_callback(lambda task: self._ended(entry, task))

    def _ended(self, entry: _Entry, task: "asyncio.Task[Command | None]") -> None:
        self._running.discard(entry)
        if entry.order is not Order.FREE:
            self._line_running -= 1
            self._line_alone = False
        if entry.answered:
            if not task.cancelled():
                task.exception()  # seen; the caller has been answered
        elif task.cancelled():
            self._settle(entry, failed(entry.request, self._peer, asyncio.CancelledError("it was given up")))
        elif (error := task.exception()) is not None:
            self._settle(entry, failed(entry.request, self._peer, error))
        else:
            self._settle(entry, task.result())
        self._start_more()

    def _settle(self, entry: _Entry, reply: Command | None) -> None:
        entry.answered = True
        if entry.timer is not None:
            entry.timer.cancel()
        self._bytes -= entry.size
        self._budget.give(entry.size)
        self.count -= 1
        self._answered(entry.request, reply, entry.arrived)

    def _too_late(self, entry: _Entry) -> None:
        limit_s = self._limits.answer_within_s
        if entry.task is None:
            words = f"not begun within {limit_s:g} s: earlier requests of this connection are not done"
            self._settle(entry, entry.request.reply(ResponseCode.SYSTEM_ERROR, remark=words))
            return
        log.warning("request %d of %s took more than %g s", entry.request.code, self._peer.address, limit_s)
        words = f"not done within {limit_s:g} s; whether it still will be is not known"
        self._settle(entry, entry.request.reply(ResponseCode.SYSTEM_ERROR, remark=words))
        self._cancel(entry)

    def _cancel(self, entry: _Entry) -> None:
        if entry.task is not None and not entry.task.done():
            entry.task.cancel()
            self._loop.call_later(CANCEL_AGAIN_S, self._cancel, entry)
