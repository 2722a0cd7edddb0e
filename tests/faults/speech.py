"""What a client says and hears: frames of the remoting protocol, or HTTP."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from nsredis.wire import commands
from nsredis.wire.codes import OUR_VERSION, RequestCode, ResponseCode
from nsredis.wire.commands import Command
from nsredis.wire.frames import FrameSplitter
from tests.faults.expected import Verdict

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STALE = re.compile(rb"\r\nnsredis-stale-ms: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer. `found` None: an error, with its verdict; else whether the topic is there."""

    number: int
    found: bool | None
    body: bytes = b""
    verdict: Verdict = Verdict.REFUSED
    stale_ms: int = 0
    closes: bool = False


class Speech(Protocol):
    """One connection's side of a conversation."""

    depth: int
    """Look-ups that may be under way at the same time."""

    def ask(self, number: int, topic: str) -> bytes: ...

    def hear(self, data: bytes) -> list[Heard]: ...


class RemotingSpeech:
    """As RocketMQ's clients speak. Answers come in any order."""

    depth = 64

    def __init__(self) -> None:
        self._splitter = FrameSplitter()

    def ask(self, number: int, topic: str) -> bytes:
        return commands.encode(
            Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, number, 0, OUR_VERSION, ext={"topic": topic})
        )

    def hear(self, data: bytes) -> list[Heard]:
        return [self._heard(commands.decode(payload)) for payload in self._splitter.feed(data)]

    @staticmethod
    def _heard(answer: Command) -> Heard:
        if answer.code == ResponseCode.SUCCESS:
            return Heard(answer.opaque, True, answer.body or b"")
        if answer.code == ResponseCode.TOPIC_NOT_EXIST:
            return Heard(answer.opaque, False)
        verdict = Verdict.MOVED if answer.code == ResponseCode.GO_AWAY else Verdict.REFUSED
        return Heard(answer.opaque, None, (answer.remark or "").encode(), verdict)


class HttpSpeech:
    """GETs on a connection that stays open, one after another. Only HTTP says how stale an answer is."""

    depth = 1

    def __init__(self) -> None:
        self._asked: deque[int] = deque()
        self._left = b""

    def ask(self, number: int, topic: str) -> bytes:
        self._asked.append(number)
        return f"GET /v1/routes/{topic} HTTP/1.1\r\nHost: nsredis\r\n\r\n".encode()

    def hear(self, data: bytes) -> list[Heard]:
        self._left += data
        heard = []
        while (end := self._left.find(b"\r\n\r\n")) >= 0:
            head = self._left[: end + 2]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._left) < whole:
                break
            body, self._left = self._left[end + 4 : whole], self._left[whole:]
            if self._asked:  # else a balancer says why it closes an idle connection
                heard.append(self._heard(self._asked.popleft(), head, body))
        return heard

    @staticmethod
    def _heard(number: int, head: bytes, body: bytes) -> Heard:
        status, stale = int(head[9:12]), _STALE.search(head)
        found = {200: True, 404: False}.get(status)
        verdict = Verdict.REFUSED if status in (429, 503) else Verdict.FAILED
        return Heard(number, found, body, verdict, int(stale[1]) if stale else 0, _CLOSES.search(head) is not None)
