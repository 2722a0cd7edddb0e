"""What the transport asks of the half above it, which knows what requests mean."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol

from nsredis.wire.commands import Command


class Line(Protocol):
    """What a peer needs of its connection."""

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""

    def send(self, command: Command) -> None:
        """Send a command; nothing happens when the connection is gone."""

    def close(self, why: str) -> None:
        """Send what waits, then close. `why` is a slug for the metrics."""


class Peer:
    """One connection, as the half above sees it. Compared by identity; `id` is never used again in this process.

    `address` is the `host:port` of whoever speaks: a load balancer's PROXY header counts, not the balancer itself.
    `notes` is for the half above, which may remember there what it likes.
    """

    __slots__ = ("_line", "address", "id", "notes", "secure")

    def __init__(self, line: Line, number: int, address: str, *, secure: bool) -> None:
        self._line = line
        self.id = number
        self.address = address
        self.secure = secure
        self.notes: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<Peer {self.id} {self.address}>"

    @property
    def gone(self) -> bool:
        """Whether the connection is closed or about to be. `Door.closed` follows, or was called."""
        return self._line.closing

    def send(self, command: Command) -> None:
        """Send a request of our own, one-way: an answer to it would be dropped. Nothing happens when it is gone."""
        self._line.send(command)

    def close(self, why: str) -> None:
        """Close in good order: answers that are ready go out first. `why` is a slug for the metrics."""
        self._line.close(why)


class Order(Enum):
    """How a request of a connection stands to the others that `answer` handles."""

    FREE = "free"
    """Beside all others."""
    SHARED = "shared"
    """After those before it that stand alone, and beside others that share."""
    ALONE = "alone"
    """After all before it that share or stand alone."""


class Door(Protocol):
    """What answers requests. Called on the event loop only, and never after `closed` of that peer.

    Answers are made with `request.reply(…)`, so that they echo its number and the form of its header. Whatever is
    returned for a one-way request is not sent. Exceptions are logged with their trace and answered with code 1.
    """

    def answer_now(self, request: Command, peer: Peer) -> Command | bytes | None:
        """The answer from memory, at once; None when the request needs `answer`.

        Bytes are a whole frame, length word and the request's number included, and counted as a success.
        """

    def order(self, request: Command) -> Order:
        """When `answer` handles it."""

    async def answer(self, request: Command, peer: Peer) -> Command | None:
        """The answer to everything else, as a task of its own; None: none is sent.

        After `Limits.answer_within_s` from the arrival the caller is answered by the transport, and this is cancelled.
        It is not cancelled when the connection closes: what was sent before that is still carried out.
        """

    def closed(self, peer: Peer) -> None:
        """The connection is gone, and every request of it has been answered or given up: the last call for a peer."""


class Shortcut(Protocol):
    """Answers requests of one kind from the bytes of a read, each with success, and counts them.

    When it fails, they are answered the general way.
    """

    def at_hand(self, data: bytes) -> Sequence[bytes] | None:
        """The answer to a read of one frame, in parts, if it is at hand without reading that; else None."""

    def answer(self, data: bytes, at: int, parts: list[bytes]) -> tuple[int, int, int]:
        """Answer the whole frames from `at` on; what is to be sent is added to `parts`.

        Returns where the first frame begins that goes the general way, how many were answered, and about how many
        bytes that makes. It may stop early when those are many.
        """
