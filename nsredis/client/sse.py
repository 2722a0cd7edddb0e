"""Server-sent events: bytes in, events out."""

from typing import Final, NamedTuple

MAX_EVENT: Final = 64 << 20
"""Bytes of one event; a route of thousands of brokers is far below it."""


class ServerEvent(NamedTuple):
    """One event; `kind` is its `event` field, `message` without one."""

    kind: str
    data: str
    id: str = ""


class EventParser:
    """Takes the bytes of a stream as they come. Comments are passed over."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._kind = ""
        self._data: list[str] = []
        self._size = 0
        self._id = ""

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that `data` completes; ValueError when one grows beyond all bounds."""
        start = len(self._rest)
        self._rest += data
        if self._size + len(self._rest) > MAX_EVENT:
            raise ValueError("an event is too large")
        done = 0
        events = []
        while (end := self._rest.find(b"\n", max(start, done))) >= 0:
            line = bytes(self._rest[done:end]).removesuffix(b"\r").decode(errors="replace")
            done = end + 1
            if line:
                self._field(line)
            elif (event := self._event()) is not None:
                events.append(event)
        del self._rest[:done]
        return events

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
            self._size += len(value)
        elif name == "id":
            self._id = value

    def _event(self) -> ServerEvent | None:
        """What the fields so far make; None when there was no data, as the rules of such streams say."""
        event = ServerEvent(self._kind or "message", "\n".join(self._data), self._id) if self._data else None
        self._kind, self._data, self._size = "", [], 0
        return event
