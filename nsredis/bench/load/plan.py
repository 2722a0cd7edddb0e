"""What a load sends and what must come back, as a file for the programs that send it."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final, Self

_WORD: Final = struct.Struct("<I")
_REQUEST: Final = struct.Struct("<IIiI")

OPAQUE: Final = b'"opaque":1000000'
"""How a request's header has its number: seven digits, which the sender changes from request to request."""


class Protocol(IntEnum):
    """How the end of an answer is found, and its request."""

    REMOTING = 0
    HTTP = 1
    FIXED = 2
    """Each answer is as long as the expected one, in the order of the requests."""


class Order(IntEnum):
    """In which order a connection sends the requests of its lane."""

    IN_TURN = 0
    RANDOM = 1
    ONCE = 2
    """In turn, and then the connection is done: the load ends when all are."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request's bytes, and the answer: its status (remoting: the code) and its body; None is not compared."""

    content: bytes
    body: bytes | None = None
    status: int = 0

    @property
    def opaque_at(self) -> int:
        """Where the number of the last remoting request in it stands, the one that is answered; 0 without one."""
        at = self.content.rfind(OPAQUE)
        return 0 if at < 0 else at + len(OPAQUE) - 7


@dataclass(frozen=True, slots=True)
class Plan:
    """Lanes of requests: connections take them in turn."""

    protocol: Protocol
    lanes: Sequence[Sequence[Request]]
    order: Order = Order.IN_TURN

    def part(self, number: int, parts: int) -> Self:
        """The share of one of several processes: its lanes, where there is one for each."""
        lanes = self.lanes[number::parts] if len(self.lanes) >= parts else self.lanes
        return type(self)(self.protocol, lanes, self.order)

    def write(self, path: Path) -> None:
        """Write it; equal bodies once."""
        bodies: dict[bytes, int] = {}
        requests: list[bytes] = []
        lanes: list[bytes] = []
        for lane in self.lanes:
            lanes.append(_WORD.pack(len(requests)) + _WORD.pack(len(lane)))
            for request in lane:
                body = -1 if request.body is None else bodies.setdefault(request.body, len(bodies))
                head = _REQUEST.pack(len(request.content), request.opaque_at, body, request.status)
                requests.append(head + request.content)
        with path.open("wb") as file:
            file.write(_WORD.pack(self.protocol) + _WORD.pack(self.order) + _WORD.pack(len(bodies)))
            file.writelines(_WORD.pack(len(body)) + body for body in bodies)
            file.write(_WORD.pack(len(requests)))
            file.writelines(requests)
            file.write(_WORD.pack(len(lanes)))
            file.writelines(lanes)

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote."""
        content = path.read_bytes()
        protocol, order, body_count = struct.unpack_from("<III", content)
        at = 12
        bodies: list[bytes] = []
        for _ in range(body_count):
            (length,) = _WORD.unpack_from(content, at)
            bodies.append(content[at + 4 : at + 4 + length])
            at += 4 + length
        (count,) = _WORD.unpack_from(content, at)
        at += 4
        requests: list[Request] = []
        for _ in range(count):
            length, _opaque_at, body, status = _REQUEST.unpack_from(content, at)
            at += _REQUEST.size
            requests.append(Request(content[at : at + length], bodies[body] if body >= 0 else None, status))
            at += length
        (lane_count,) = _WORD.unpack_from(content, at)
        pairs = struct.iter_unpack("<II", content[at + 4 : at + 4 + 8 * lane_count])
        return cls(Protocol(protocol), [requests[first : first + size] for first, size in pairs], Order(order))
