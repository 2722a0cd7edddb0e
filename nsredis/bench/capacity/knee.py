"""Heartbeats straight to the store, in batches as nodes send them, at rising rates until it keeps up no longer."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from nsredis.bench.failures import LoadFailed
from nsredis.bench.kernel.accounting import Usage
from nsredis.bench.load.latency import Latencies

BATCH: Final = 100
SENDERS: Final = 4
"""Each with a connection of its own and one batch under way, as a node has."""

FULL: Final = 0.9
"""From this share of its core on the store is full."""

LATE_US: Final = 50_000.0
"""From this p99 on it does not keep up."""

GROWTH: Final = 1.25
FIRST_RATE: Final = 20_000.0
MOST_STEPS: Final = 16
TRIES: Final = 5
ANSWER: Final = b":1\r\n"


@dataclass(frozen=True, slots=True)
class Step:
    """One rate: what was wanted, what came, how long batches took from when they were due, the store's core share, and
    the share of the time for which it waited for its core.
    """

    wanted: float
    rate: float
    p50_us: float
    p99_us: float
    share: float
    waited: float = 0.0

    @property
    def cpu_us(self) -> float:
        """The store's processor time for a heartbeat."""
        return 1e6 * self.share / self.rate if self.rate else 0.0

    @property
    def kept_up(self) -> bool:
        """Whether the store still had room."""
        return self.share < FULL and self.p99_us < LATE_US and self.rate > 0.95 * self.wanted


@dataclass(slots=True)
class _Sender:
    """One connection that sends batches when they are due."""

    port: int
    batches: Sequence[bytes]
    latencies: Latencies = field(default_factory=Latencies)
    done: int = 0
    problem: str = ""

    def run(self, rate: float, start: float, end: float) -> None:
        """Send so many batches a second, each due at its time whether or not the one before is answered."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number = 0
            while (due := start + number / rate) < end and (now := time.perf_counter()) < end:
                if due > now:
                    time.sleep(due - now)
                sock.sendall(self.batches[number % len(self.batches)])
                if _exactly(sock, BATCH * len(ANSWER)) != ANSWER * BATCH:
                    self.problem = "the store refused a heartbeat"
                    return
                self.latencies.add(int((time.perf_counter() - due) * 1e9))
                number += 1
                self.done += BATCH


def _exactly(sock: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = sock.recv(count - len(parts))
        if not part:
            break
        parts += part
    return bytes(parts)


def encode(command: Sequence[str | bytes | int]) -> bytes:
    """A command as it travels."""
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def batches(commands: Sequence[Sequence[str | bytes | int]]) -> list[list[bytes]]:
    """Batches for each sender: all heartbeats once."""
    raw = [encode(command) for command in commands]
    whole = [b"".join(raw[at : at + BATCH]) for at in range(0, len(raw) - len(raw) % BATCH, BATCH)]
    return [whole[at::SENDERS] for at in range(SENDERS)]


def measure_rate(
    port: int, lanes: Sequence[Sequence[bytes]], rate: float, seconds: float, used: Callable[[], Usage]
) -> Step:
    """Beat at this rate. LoadFailed when the store refuses."""
    senders = [_Sender(port, lane) for lane in lanes]
    start = time.perf_counter() + 0.05
    each = rate / BATCH / len(senders)
    threads = [
        threading.Thread(target=sender.run, args=(each, start + i / each / len(senders), start + seconds))
        for i, sender in enumerate(senders)
    ]
    before = used()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.perf_counter() - start
    ran, waited = used().since(before)
    latencies = Latencies()
    for sender in senders:
        if sender.problem:
            raise LoadFailed(sender.problem)
        latencies.counts += sender.latencies.counts
    done = sum(sender.done for sender in senders)
    p50_us, p99_us = (latencies.quantile_us(part) for part in (0.5, 0.99))
    return Step(rate, done / lasted, p50_us, p99_us, ran / lasted, waited / lasted)


def to_the_knee(measure: Callable[[float], Step]) -> Iterator[Step]:
    """Rising rates, up to the first that the store does not keep up with."""
    rate = FIRST_RATE
    for _ in range(MOST_STEPS):
        tried = [measure(rate)]
        while len(tried) < TRIES and not tried[-1].kept_up and tried[-1].share < FULL:
            tried.append(measure(rate))  # others may have been at work
        step = max(tried, key=lambda one: (one.kept_up, one.rate))
        yield step
        if not step.kept_up:
            return
        rate *= GROWTH
