"""One HTTP connection by hand, for what is timed one at a time: a client's own work would be most of the time."""

import re
import socket
from typing import Final, Self

from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.http import request

ANSWER_S: Final = 20.0
_TAG: Final = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Talk:
    """A keep-alive connection, or a stream of events."""

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._left = b""
        self._head = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, method: str, path: str, body: bytes = b"") -> None:
        """Send a request; its answer is to be taken with `answer`, or its events with `until`."""
        self.socket.sendall(request(method, self._host, path, body))

    def answer(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        while (end := self._left.find(b"\r\n\r\n")) < 0:
            self._more()
        length = _LENGTH.search(self._left, 0, end)
        whole = end + 4 + (int(length[1]) if length else 0)
        while len(self._left) < whole:
            self._more()
        self._head = self._left[: end + 2]
        status, body = int(self._left[9:12]), self._left[end + 4 : whole]
        self._left = self._left[whole:]
        return status, body

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of a good answer. LoadFailed."""
        self.send(method, path, body)
        status, said = self.answer()
        if status >= 300:
            raise LoadFailed(f"{method} {path}: status {status}: {said[:300]!r}")
        return said

    @property
    def tag(self) -> str:
        """The ETag of the last answer; empty without one."""
        found = _TAG.search(self._head)
        return found[1].decode() if found else ""

    def until(self, words: bytes) -> None:
        """Read until the stream has said that; what stood before it is forgotten."""
        while (at := self._left.find(words)) < 0:
            self._left = self._left[-len(words) :]
            self._more()
        self._left = self._left[at + len(words) :]

    def _more(self) -> None:
        try:
            part = self.socket.recv(1 << 16)
        except TimeoutError:
            raise LoadFailed(f"nothing came from {self._host} for {ANSWER_S:.0f} s") from None
        if not part:
            raise LoadFailed(f"{self._host} closed a connection")
        self._left += part

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.socket.close()
