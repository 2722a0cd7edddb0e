"""How much one connection, one address and all of them together may take."""

from dataclasses import dataclass
from typing import Final

from nsredis.wire.frames import MAX_FRAME

ANSWER_WITHIN_S: Final = 1.9
"""Every answer leaves within two seconds: Java peers close the connection when one takes longer than three."""

WRITE_HIGH: Final = 256 << 10
"""Bytes that may wait to be sent before the requests of that connection wait too."""

CLOSE_WITHIN_S: Final = 5.0
"""How long a peer may take to read the last answers of a connection that is being closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a listening address. A count of 0 is no limit."""

    idle_s: float = 120.0
    """How long a connection may be without a read and a write."""
    opening_s: float = 10.0
    """How long a PROXY header may take from its first byte, and a TLS handshake."""
    connections: int = 0
    per_address: int = 0
    frame: int = MAX_FRAME
    """The largest frame that is read, in bytes."""
    in_flight: int = 64
    """Requests of one connection that may be unanswered before it is read no further."""
    in_flight_bytes: int = 32 << 20
    held_bytes: int = 256 << 20
    """Bytes of requests without an answer that all connections together may hold."""
    unfinished_bytes: int = 256 << 20
    """Bytes of frames that are not complete yet; where they run out, the frame that began first makes room."""
    frame_s: float = 30.0
    """How long a frame may take from its first byte to its last."""
    answer_within_s: float = ANSWER_WITHIN_S


class Budget:
    """What all connections share: taken before something is kept, given back when it is let go."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, count: int) -> bool:
        """Take that many; False when there are not enough left, and then nothing is taken."""
        if count > self._left:
            return False
        self._left -= count
        return True

    def give(self, count: int) -> None:
        """Give back what was taken."""
        self._left += count
