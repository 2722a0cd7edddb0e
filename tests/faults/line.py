"""One connection of a client, and the look-ups that are under way on it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tests.faults.speech import Heard, Speech


@dataclass(slots=True)
class LookUp:
    """One question, and when it was due."""

    topic: str
    due: float


class Line(asyncio.Protocol):
    """`heard` gets each answer with its look-up, `broken` what was under way when the connection was lost."""

    def __init__(
        self,
        speech: Speech,
        heard: Callable[["Line", LookUp, Heard], None],
        broken: Callable[["Line", list[LookUp], str], None],
    ) -> None:
        self._speech = speech
        self._heard = heard
        self._broken = broken
        self._transport: asyncio.WriteTransport | None = None
        self._under_way: dict[int, LookUp] = {}
        self._asked = 0
        self._left = False

    @property
    def room(self) -> bool:
        """Whether one more look-up may be asked."""
        return not self._left and len(self._under_way) < self._speech.depth

    @property
    def oldest(self) -> LookUp | None:
        """Which look-up waits for the longest."""
        return next(iter(self._under_way.values()), None)

    def ask(self, look_up: LookUp) -> None:
        assert self._transport is not None
        self._asked += 1
        self._under_way[self._asked] = look_up
        self._transport.write(self._speech.ask(self._asked, look_up.topic))

    def leave(self) -> None:
        """Ask nothing more here, and hang up after the last answer."""
        self._left = True
        if not self._under_way and self._transport is not None:
            self._transport.close()

    def cut(self, words: str) -> None:
        """Hang up now."""
        self._lose(words)
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        for heard in self._speech.hear(data):
            look_up = self._under_way.pop(heard.number, None)
            if look_up is not None:
                self._heard(self, look_up, heard)
        if self._left:
            self.leave()

    def connection_lost(self, error: Exception | None) -> None:
        self._lose(f"the connection was closed: {error!r}")

    def _lose(self, words: str) -> None:
        self._left = True
        lost, self._under_way = list(self._under_way.values()), {}
        self._broken(self, lost, words)
