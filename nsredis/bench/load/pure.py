"""The load program without a compiler: does what load.c does, with the same arguments and the same lines.

python -m nsredis.bench.load.pure PORT PLAN CONNECTIONS DEPTH SECONDS RATE
"""

import json
import random
import re
import select
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from nsredis.bench.load.latency import Latencies
from nsredis.bench.load.parts import parts_of
from nsredis.bench.load.plan import Order, Plan, Protocol, Request

FIRST_OPAQUE: Final = 1_000_000
OPAQUES: Final = 8_000_000
DRAIN_S: Final = 10.0
_OPAQUE: Final = re.compile(rb'"opaque":(\d+)')
_CODE: Final = re.compile(rb'"code":(\d+)')
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)

Answer = tuple[int, Request, int, int, bytes]
"""Bytes of the whole, its request, when that was due, its status and its body."""


class Connection:
    """One connection and its unanswered requests."""

    def __init__(self, port: int, lane: list[Request], protocol: Protocol, number: int, order: Order) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(0)
        self.number, self.turn = number, 0
        self._lane = lane
        self._read = {Protocol.REMOTING: self._remoting, Protocol.HTTP: self._http, Protocol.FIXED: self._fixed}[
            protocol
        ]
        self._chance = random.Random(number) if order is Order.RANDOM else None
        self._once = order is Order.ONCE
        self._next = self._number = 0
        self._numbered: dict[int, tuple[Request, int]] = {}
        self._in_order: deque[tuple[Request, int]] = deque()
        self._left = b""
        self.out = b""

    @property
    def unanswered(self) -> int:
        return len(self._numbered) + len(self._in_order)

    @property
    def left(self) -> int:
        """How many requests it may still send."""
        return len(self._lane) - self._next

    def ask(self, since: int) -> None:
        """Put the next request with what is to be sent."""
        if self._chance is not None:
            request = self._chance.choice(self._lane)
        else:
            request = self._lane[self._next]
            self._next += 1
            if not self._once:
                self._next %= len(self._lane)
        content = request.content
        if at := request.opaque_at:
            opaque = FIRST_OPAQUE + self._number
            self._number = (self._number + 1) % OPAQUES
            self._numbered[opaque] = (request, since)
            content = b"%b%d%b" % (content[:at], opaque, content[at + 7 :])
        else:
            self._in_order.append((request, since))
        self.out += content

    def flush(self) -> bool:
        """Send what can be sent; whether something is left."""
        with suppress(BlockingIOError):
            self.out = self.out[self.socket.send(self.out) :] if self.out else b""
        return bool(self.out)

    def receive(self) -> list[Answer]:
        """The answers that are complete."""
        try:
            data = self.socket.recv(1 << 18)
        except BlockingIOError:
            return []
        if not data:
            sys.exit("the server closed a connection")
        data = self._left + data
        answers: list[Answer] = []
        at = 0
        while at < len(data) and (found := self._read(data, at)) is not None:
            answers.append(found)
            at += found[0]
        self._left = data[at:]
        return answers

    def _remoting(self, data: bytes, at: int) -> Answer | None:
        if len(data) < at + 8:
            return None
        whole = 4 + int.from_bytes(data[at : at + 4])
        body_at = at + 8 + int.from_bytes(data[at + 5 : at + 8])
        if len(data) < at + whole:
            return None
        opaque, code = _OPAQUE.search(data, at, body_at), _CODE.search(data, at, body_at)
        request, since = self._numbered.pop(int(opaque[1]) if opaque else -1, (None, 0))
        if request is None or code is None:
            sys.exit(f"an answer to no request: {data[at : at + 200]!r}")
        return whole, request, since, int(code[1]), data[body_at : at + whole]

    def _http(self, data: bytes, at: int) -> Answer | None:
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            return None
        status = int(data[at + 9 : at + 12])
        length = _LENGTH.search(data, at, end) if status != 304 else None
        body_end = end + 4 + (int(length[1]) if length else 0)
        if len(data) < body_end:
            return None
        return body_end - at, *self._in_order.popleft(), status, data[end + 4 : body_end]

    def _fixed(self, data: bytes, at: int) -> Answer | None:
        request, since = self._in_order[0]
        whole = len(request.body or b"")
        if len(data) < at + whole:
            return None
        self._in_order.popleft()
        return whole, request, since, request.status, data[at : at + whole]


class Load:
    """All connections of this process."""

    def __init__(self, port: int, plan: Plan, connections: int, depth: int, rate: float) -> None:
        lanes = [list(lane) for lane in plan.lanes]
        self._poll = select.epoll()
        self._connections = [
            Connection(port, lanes[i % len(lanes)], plan.protocol, i, plan.order) for i in range(connections)
        ]
        self._by_fd = {connection.socket.fileno(): connection for connection in self._connections}
        for fd in self._by_fd:
            self._poll.register(fd, select.EPOLLIN)
        self._waiting: set[int] = set()
        self._depth, self._rate = depth, rate
        self._start = self._end = 0
        self.checked = self.wrong = self.reordered = 0
        self.first_wrong = ""
        self._begin()

    def _begin(self) -> None:
        self.answers = self.within = self.sent = 0
        self.latencies = Latencies()

    def prime(self) -> None:
        """The first request of each connection, not counted."""
        for connection in self._connections:
            connection.ask(0)
            self.sent += 1
            self._flush(connection)
        rate, self._rate = self._rate, 0.0
        self._run()
        self._rate = rate
        self._begin()

    def run(self, seconds: float) -> None:
        """The load itself, until all is answered."""
        self._start = time.monotonic_ns()
        self._end = self._start + int(seconds * 1e9)
        self._run()

    def _run(self) -> None:
        asked, due_count = 0, int(self._rate * (self._end - self._start) / 1e9)
        for connection in self._connections if not self._rate else ():
            self._pump(connection, time.monotonic_ns())
        give_up = time.monotonic_ns() + self._end - self._start + int(DRAIN_S * 1e9)
        while (now := time.monotonic_ns()) < give_up:
            if (asked >= due_count <= self.answers) if self._rate else (self._over(now)):
                return
            while asked < due_count and self._due(asked) <= now:
                self._pump(self._connections[asked % len(self._connections)], now)
                asked += 1
            wait_s = max(0.0, (self._due(asked) - now) / 1e9) if asked < due_count else 0.1
            for fd, event in self._poll.poll(min(wait_s, 0.1), 256):
                if event & select.EPOLLOUT:
                    self._flush(self._by_fd[fd])
                if event & ~select.EPOLLOUT:
                    self._receive(self._by_fd[fd])
        sys.exit(f"{self.sent - self.answers} requests had no answer after {DRAIN_S:.0f} s")

    def _over(self, now: int) -> bool:
        if self.answers < self.sent:
            return False
        return now >= self._end or not any(connection.left for connection in self._connections)

    def _due(self, ordinal: int) -> int:
        return self._start + int(ordinal / self._rate * 1e9)

    def _pump(self, connection: Connection, now: int) -> None:
        while connection.unanswered < self._depth:
            since = now
            if self._rate:
                since = self._due(connection.number + connection.turn * len(self._connections))
                if since > now:
                    break
                connection.turn += 1
            if since >= self._end or not connection.left:
                break
            connection.ask(since)
            self.sent += 1
        self._flush(connection)

    def _flush(self, connection: Connection) -> None:
        fd = connection.socket.fileno()
        waits = connection.flush()
        if waits != (fd in self._waiting):
            self._waiting ^= {fd}
            self._poll.modify(fd, select.EPOLLIN | (select.EPOLLOUT if waits else 0))

    def _receive(self, connection: Connection) -> None:
        answers = connection.receive()
        now = time.monotonic_ns()
        for _, request, since, status, body in answers:
            self._check(request, status, body)
            self.latencies.add(now - since)
            self.answers += 1
            self.within += now <= self._end
        if answers:
            self._pump(connection, now)

    def _check(self, request: Request, status: int, body: bytes) -> None:
        self.checked += 1
        expected = body if request.body is None else request.body
        if status == request.status and body == expected:
            return
        if status == request.status and len(body) == len(expected) and parts_of(body) == parts_of(expected):
            what, first = "order", not self.wrong and not self.reordered
            self.reordered += 1
        else:
            what = "status" if status != request.status else "length" if len(body) != len(expected) else "content"
            first = not self.wrong
            self.wrong += 1
        if first:
            self.first_wrong = f"{what}: {status}, {body[:120]!r}"


def _queued_s() -> float:
    try:
        return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def main(arguments: list[str]) -> None:
    """Run one load."""
    port, plan, connections, depth = int(arguments[0]), Plan.read(Path(arguments[1])), *map(int, arguments[2:4])
    seconds, rate = map(float, arguments[4:6])
    load = Load(port, plan, connections, depth, rate)
    load.prime()
    print("ready", flush=True)
    if not sys.stdin.readline():
        sys.exit(1)
    worked, queued, started = time.process_time(), _queued_s(), time.monotonic()
    load.run(seconds)
    result = {
        "answers": load.answers,
        "within": load.within,
        "seconds": seconds,
        "lasted": time.monotonic() - started,
        "checked": load.checked,
        "wrong": load.wrong,
        "reordered": load.reordered,
        "firstWrong": load.first_wrong,
        "worked": time.process_time() - worked,
        "queued": _queued_s() - queued,
        "buckets": {str(bucket): count for bucket, count in load.latencies.counts.items()},
    }
    print(json.dumps(result), flush=True)
    sys.stdin.readline()  # the connections stay until whoever started this has seen what they left behind


if __name__ == "__main__":
    main(sys.argv[1:])
