"""What is worth counting on connections, as a Protocol."""

from typing import Protocol


class RemotingObserver(Protocol):
    """Every method is quick, never raises and is called from the event loop only."""

    def connection_opened(self) -> None:
        """A connection was taken; over TLS, after its handshake."""

    def connection_closed(self, why: str) -> None:
        """It is gone: `peer`, `idle`, `slow`, `malformed`, `memory`, `drain`, `stop`, or a slug of the half above."""

    def connection_refused(self, why: str) -> None:
        """One was turned away: `full`, `address`, `proxy`, `plaintext`, `handshake`, `slow`, `malformed`."""

    def frame_malformed(self) -> None:
        """Bytes came that are no frame of the protocol; the connection was closed."""

    def request_answered(self, code: int, answer: int, seconds: float, count: int = 1) -> None:
        """`count` requests of a code were answered alike. Clients choose the code: count unknown ones together."""


class SilentRemotingObserver:
    """Counts nothing."""

    def connection_opened(self) -> None:
        """Ignore it."""

    def connection_closed(self, why: str) -> None:
        """Ignore it."""

    def connection_refused(self, why: str) -> None:
        """Ignore it."""

    def frame_malformed(self) -> None:
        """Ignore it."""

    def request_answered(self, code: int, answer: int, seconds: float, count: int = 1) -> None:
        """Ignore it."""
