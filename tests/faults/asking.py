"""One client: it asks at its times whatever the answers do, and connects again at once when it is cut off."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.faults.expected import Expected, Verdict
from tests.faults.line import Line, LookUp
from tests.faults.speech import Heard, Speech

TIMEOUT_S = 3.0
"""As RocketMQ's clients: without an answer for so long they close the connection."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one look-up. Times are those of the event loop; `words` say what was not right."""

    client: int
    topic: str
    due: float
    ended: float
    verdict: Verdict
    words: str
    stale_ms: int


class Asking:
    """A client of some addresses, of which it uses one at a time; `tell` gets each outcome."""

    def __init__(
        self,
        number: int,
        addresses: Sequence[str],
        speech: Callable[[], Speech],
        expected: Expected,
        tell: Callable[[Outcome], None],
    ) -> None:
        self._number = number
        self._addresses = deque(addresses)
        self._addresses.rotate(-number)
        self._topics = deque(expected.topics)
        self._topics.rotate(-number)
        self._new_speech = speech
        self._expected = expected
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._line: Line | None = None
        self._lines: set[Line] = set()
        self._connecting: asyncio.Task[None] | None = None
        self._queued: deque[LookUp] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, first: float, interval_s: float) -> None:
        """Connect, and ask from `first` on."""
        self._timer = self._loop.call_at(first, self._due, first, interval_s)
        self._connect()

    def _due(self, due: float, interval_s: float) -> None:
        self._timer = self._loop.call_at(due + interval_s, self._due, due + interval_s, interval_s)
        self._topics.rotate(-1)
        self._queued.append(LookUp(self._topics[0], due))
        self._expire()
        self._send()

    def _expire(self) -> None:
        """Give up connections whose answers are late."""
        for line in tuple(self._lines):
            if line.oldest is not None and self._loop.time() - line.oldest.due > TIMEOUT_S:
                line.cut("no answer in time")

    def _send(self) -> None:
        if self._line is None:
            if self._queued:
                self._connect()
            return
        while self._queued and self._line.room:
            self._line.ask(self._queued.popleft())

    # --- connections -----------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._connecting is None or self._connecting.done():
            self._connecting = self._loop.create_task(self._try_all())

    async def _try_all(self) -> None:
        """The next address that takes a connection; where none does, what waits for it has failed."""
        problem = ""
        for _ in range(len(self._addresses)):
            host, _, port = self._addresses[0].rpartition(":")
            self._addresses.rotate(-1)
            line = Line(self._new_speech(), self._heard, self._broken)
            self._lines.add(line)
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await self._loop.create_connection(lambda line=line: line, host, int(port))  # type: ignore[misc]
            except OSError as error:  # a time-out is one
                self._lines.discard(line)
                problem = repr(error)
            else:
                if line in self._lines:  # it was not lost at once
                    self._line = line
                    self._loop.call_soon(self._send)
                return
        while self._queued:
            self._end(self._queued.popleft(), Verdict.FAILED, f"no connection: {problem}")

    def _broken(self, line: Line, lost: list[LookUp], words: str) -> None:
        for look_up in lost:
            self._end(look_up, Verdict.FAILED, words)
        self._lines.discard(line)
        if self._line is line:
            self._line = None
            if self._timer is not None:
                self._connect()

    # --- answers ---------------------------------------------------------------------------------------------------

    def _heard(self, line: Line, look_up: LookUp, heard: Heard) -> None:
        moved = heard.found is None and heard.verdict is Verdict.MOVED
        if moved:
            self._queued.appendleft(look_up)
        else:
            self._judge(look_up, heard)
        if moved or heard.closes:
            line.leave()
            if self._line is line:
                self._line = None
        self._send()

    def _judge(self, look_up: LookUp, heard: Heard) -> None:
        verdict, words = heard.verdict, heard.body[:300].decode(errors="replace")
        if heard.found is not None:
            topic = look_up.topic
            right = self._expected.whole(topic, heard.body) if heard.found else self._expected.absent(topic)
            verdict = Verdict.RIGHT if right else Verdict.WRONG
        self._end(look_up, verdict, words, heard.stale_ms)

    def _end(self, look_up: LookUp, verdict: Verdict, words: str, stale_ms: int = 0) -> None:
        kept = "" if verdict is Verdict.RIGHT else words or "no such topic"
        self._tell(Outcome(self._number, look_up.topic, look_up.due, self._loop.time(), verdict, kept, stale_ms))

    async def end(self) -> None:
        """Ask no more, wait for the last answers, hang up."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._loop.time() + TIMEOUT_S
        while self._loop.time() < deadline and (self._queued or any(line.oldest for line in self._lines)):
            self._send()
            await asyncio.sleep(0.01)
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting
        for look_up in self._queued:
            self._end(look_up, Verdict.FAILED, "no answer in time")
        self._queued.clear()
        for line in tuple(self._lines):
            line.cut("no answer in time")
