"""One connection: bytes in, answers out, no faster than the peer reads them."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Final, cast

from nsredis.remoting.door import Peer, Shortcut
from nsredis.remoting.exchange import Exchange
from nsredis.remoting.greetings import hint
from nsredis.remoting.limits import CLOSE_WITHIN_S, WRITE_HIGH
from nsredis.remoting.outbox import Outbox
from nsredis.remoting.shared import Shared
from nsredis.wire.commands import Command, encode
from nsredis.wire.frames import FrameSplitter, MalformedFrame

log = logging.getLogger(__name__)

SHORTCUT_FAILED: Final = "what %s sent is answered the general way"

_numbers: Final = itertools.count(1)


class Connection(asyncio.Protocol):
    """Speaks remoting. The answers of one read leave in one write; so do those that tasks finish in one turn.

    What a read brought is worked off only while the peer takes the answers: between a pause of writing and its end
    frames wait, and nothing is read.
    """

    def __init__(self, shared: Shared, address: str, *, secure: bool, ended: Callable[[], None]) -> None:
        self._shared = shared
        self._ended = ended
        self._splitter = FrameSplitter(shared.limits.frame)
        self._backlog: deque[bytes] = deque()
        self._loop = asyncio.get_running_loop()
        self.made = False
        """Whether it ever was one: over TLS it may fail before."""
        self._begun = False
        self._unfinished = 0  # bytes of an incomplete frame, taken from their budget
        self.frame_since: float | None = None
        """When the incomplete frame began, on the loop's clock."""
        self._reading = True
        self._writing = True
        self._flush_is_due = False
        self._at_eof = False
        self._lost = False
        self._why = ""
        self._active = True
        self._quiet_since = 0.0
        self.peer = Peer(self, next(_numbers), address, secure=secure)
        self._exchange = Exchange(shared, self.peer, self._put_later, self._settled)
        self._in_flight = self._exchange.in_flight
        self._transport: asyncio.Transport
        self._outbox: Outbox

    # What the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made = True
        self._transport = cast("asyncio.Transport", transport)  # uvloop's do not say that they are one
        self._transport.set_write_buffer_limits(high=WRITE_HIGH)
        self._outbox = Outbox(self._transport)
        self._shared.connections.add(self)
        self._shared.observer.connection_opened()

    def data_received(self, data: bytes) -> None:
        if self._lost or self._why:
            return
        self._active = True
        shortcut = self._shared.shortcut
        if shortcut is not None and self._writing and not self._unfinished and not self._backlog:
            data = self._answer_shortly(data, shortcut)
            if not data:
                return
        try:
            payloads = self._splitter.feed(data)
        except MalformedFrame as error:
            self._refuse(error, data)
            return
        self._begun = True
        if self._splitter.pending or self._unfinished:
            self._hold(self._splitter.pending)
            if self.closing:
                return
        if payloads:
            self._backlog.extend(payloads)
            self._work_off()

    def eof_received(self) -> bool:
        """The peer sends nothing more. Over TCP it may still read what it asked for."""
        if self.peer.secure or not self.busy:
            return False
        self._at_eof = True
        return True

    def pause_writing(self) -> None:
        self._writing = False
        self._adjust_reading()

    def resume_writing(self) -> None:
        self._active = True
        self._writing = True
        self._work_off()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._let_go()
        self._shared.observer.connection_closed(self._why or "peer")
        self._ended()
        self._settled()

    # What the server and the half above ask

    @property
    def closing(self) -> bool:
        """Whether nothing more is read or taken."""
        return self._lost or bool(self._why)

    @property
    def busy(self) -> bool:
        """Whether requests have no answer yet."""
        return bool(self._in_flight.count or self._backlog)

    def send(self, command: Command) -> None:
        """Send a command of our own."""
        if not self.closing:
            self._put_later(encode(command))

    def close(self, why: str) -> None:
        """Send what is ready and close, within some seconds even if the peer reads nothing."""
        if self.closing:
            return
        self._why = why
        self._let_go()
        self._loop.call_soon(self._finish)

    def abort(self, why: str) -> None:
        """Close at once."""
        self._why = self._why or why
        self._let_go()
        if not self._lost:
            self._transport.abort()

    def give_up(self) -> None:
        """Cancel what still runs for it."""
        self._in_flight.end()

    def check_idle(self, now: float, limit_s: float) -> None:
        """Close it when nothing moved since `limit_s` before now, the loop's time, or when a frame takes too long.

        Asked from time to time.
        """
        if self.frame_since is not None and now - self.frame_since >= self._shared.limits.frame_s:
            self._shared.slow.tell("the connection of %s is closed: a frame took too long", self.peer)
            self.abort("slow")
        elif self._active:
            self._active, self._quiet_since = False, now
        elif now - self._quiet_since >= limit_s and not self._in_flight.count:
            self.abort("idle")

    # Frames

    def _answer_shortly(self, data: bytes, shortcut: Shortcut) -> bytes:
        """Answer the frames at the start of a read that the shortcut knows; what is left of the read."""
        at, end, one = 0, len(data), None
        try:
            one = shortcut.at_hand(data)
        except Exception:
            log.exception(SHORTCUT_FAILED, self.peer.address)
        if one is not None:
            self._begun = True
            self._outbox.write(one, 1, len(one[-1]))
            return b""
        while at != end and self._writing:
            parts: list[bytes] = []
            try:
                at, count, size = shortcut.answer(data, at, parts)
            except Exception:
                log.exception(SHORTCUT_FAILED, self.peer.address)
                break
            if not count:
                break
            self._begun = True
            self._outbox.write(parts, count, size)
        return data[at:]

    def _work_off(self) -> None:
        """Answer the frames that wait, for as long as the peer takes answers."""
        backlog, outbox, answer, started = self._backlog, self._outbox, self._exchange.answer, perf_counter()
        try:
            while backlog and self._writing:
                frame = answer(backlog.popleft())
                if frame is not None:
                    outbox.put(frame)
                    if outbox.size >= WRITE_HIGH:
                        outbox.flush()
        except MalformedFrame as error:
            self._refuse(error, b"")
            return
        if not self._lost:
            outbox.flush()
        self._exchange.count(perf_counter() - started)
        self._adjust_reading()
        if self._at_eof:
            self._end_after_eof()

    def _put_later(self, frame: bytes) -> None:
        """Send a frame at the end of this turn of the loop, with all others of it."""
        if self.closing:
            return
        self._active = True
        self._outbox.put(frame)
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if not self.closing:
            self._outbox.flush()
            self._end_after_eof()

    def _finish(self) -> None:
        """The end of `close`: what was put during the turn in which it was asked for goes out too."""
        if not self._lost:
            self._outbox.flush()
            self._transport.close()
            self._loop.call_later(CLOSE_WITHIN_S, self._transport.abort)

    def _settled(self) -> None:
        """A task was answered, or the connection was lost."""
        if not self._lost:
            self._adjust_reading()
            self._end_after_eof()
        elif not self._in_flight.count:
            self._shared.connections.discard(self)
            try:
                self._shared.door.closed(self.peer)
            except Exception:
                log.exception("the end of the connection of %s was not taken note of", self.peer.address)

    def _adjust_reading(self) -> None:
        wanted = self._writing and not self._backlog and not self._in_flight.full
        if wanted != self._reading and not self.closing and not self._at_eof:
            self._reading = wanted
            if wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _end_after_eof(self) -> None:
        if self._at_eof and not self.busy and not self._outbox.size:
            self.close("peer")

    def _hold(self, pending: int) -> None:
        """Account for the bytes of an incomplete frame."""
        shared, more = self._shared, pending - self._unfinished
        if not pending:
            self.frame_since = None
        elif self.frame_since is None or more <= 0:  # the one before was completed
            self.frame_since = self._loop.time()
        if more <= 0:
            shared.unfinished.give(-more)
        else:
            while not shared.unfinished.take(more):
                if not shared.make_room(self):
                    self.abort("memory")
                    return
        self._unfinished = pending

    def _let_go(self) -> None:
        """Keep no bytes of a connection that ends: it is part of a cycle, and may be collected late."""
        self._backlog.clear()
        self._splitter = FrameSplitter(self._shared.limits.frame)
        self._hold(0)

    def _refuse(self, error: MalformedFrame, data: bytes) -> None:
        """Close a connection whose bytes are no frames; what was answered before goes out."""
        words = "" if self._begun else hint(data)
        self._shared.malformed.tell("%s is cut off: %s%s", self.peer.address, error, words)
        self._shared.observer.frame_malformed()
        self._exchange.count(0.0)
        self.close("malformed")
