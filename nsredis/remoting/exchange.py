"""From the payload of one frame to the frame that answers it."""

import logging
import time
from collections.abc import Callable
from typing import Final

from nsredis.remoting.door import Order, Peer
from nsredis.remoting.in_flight import InFlight, failed
from nsredis.remoting.shared import Shared
from nsredis.wire.codes import VERSION_GO_AWAY, ResponseCode
from nsredis.wire.commands import Command, decode, encode
from nsredis.wire.frames import MAX_FRAME

log = logging.getLogger(__name__)

GO_AWAY: Final = "please go away"

SUCCESS: Final = int(ResponseCode.SUCCESS)  # members of an enum are slow as keys


class Exchange:
    """Answers the requests of one connection: at once where that can be, the others through `later`, frame by frame."""

    def __init__(self, shared: Shared, peer: Peer, later: Callable[[bytes], None], settled: Callable[[], None]) -> None:
        self._shared = shared
        self._peer = peer
        self._later = later
        self._settled = settled
        self._counts: dict[tuple[int, int], int] = {}
        self.in_flight = InFlight(shared.door, peer, shared.limits, shared.budget, self._answered)

    def answer(self, payload: bytes) -> bytes | None:
        """The frame that answers this payload, if it is there at once. MalformedFrame."""
        shared = self._shared
        request = decode(payload)
        if request.is_response:
            log.debug("%s sent a response that nobody asked for", self._peer.address)
            return None
        if shared.going_away and request.version > VERSION_GO_AWAY and not request.one_way:
            return self._frame(request, request.reply(ResponseCode.GO_AWAY, remark=GO_AWAY))
        reply: Command | bytes | None
        order = Order.FREE
        try:
            reply = shared.door.answer_now(request, self._peer)
            if reply is None:
                order = shared.door.order(request)
        except Exception as error:  # no fault of the half above closes a connection
            reply = failed(request, self._peer, error)
        if reply is None:
            self.in_flight.take(request, len(payload), order)
            return None
        return self._frame(request, reply)

    def count(self, seconds: float) -> None:
        """Report what was answered at once since the last call; it took that long."""
        if self._counts:
            counts, self._counts = self._counts, {}
            for (code, answer), number in counts.items():
                self._shared.observer.request_answered(code, answer, seconds, number)

    def _answered(self, request: Command, reply: Command | None, arrived: float) -> None:
        """A task ended, or its time did."""
        if reply is not None:
            frame = self._frame(request, reply)
            if frame is not None:
                self._later(frame)
            self.count(time.perf_counter() - arrived)
        self._settled()

    def _frame(self, request: Command, reply: Command | bytes) -> bytes | None:
        """The frame to send, counted; None for a one-way request."""
        frame: bytes | None
        if isinstance(reply, bytes):
            frame, code = reply, SUCCESS
        elif request.one_way:
            frame, code = None, int(reply.code)
        else:
            frame, code = self._encoded(request, reply)
        key = (request.code, code)
        self._counts[key] = self._counts.get(key, 0) + 1
        return None if request.one_way else frame

    def _encoded(self, request: Command, reply: Command) -> tuple[bytes, int]:
        try:
            frame = encode(reply)
        except Exception as error:
            reply = failed(request, self._peer, error)
            return encode(reply), int(reply.code)
        if len(frame) > MAX_FRAME:
            log.warning("the answer to request %d of %s has %d bytes", request.code, self._peer.address, len(frame))
            words = f"the answer would have {len(frame)} bytes; the protocol takes {MAX_FRAME}"
            reply = request.reply(ResponseCode.SYSTEM_ERROR, remark=words)
            frame = encode(reply)
        return frame, int(reply.code)
