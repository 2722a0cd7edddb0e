"""Thousands who come at once, from processes of their own: what those must know, and how they talk to their test.

`python -m tests.faults.herd_brokers PLAN` and `herd_clients PLAN` say `ready`, wait for a line, begin, and end with a
line of JSON about what they met: brokers when all of them are registered, clients when they are told to stop.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import orjson

from nsredis.bench.brokers import Broker, next_version, spread, topics_of, with_queues

TOPICS_EACH = 1000
COPIES = 3
ASKED = 600
"""Topics that clients ask for; each stands on three brokers."""


@dataclass(frozen=True)
class Plan:
    """A node's port, the brokers' addresses and how often they have changed their topics, the number of clients."""

    port: int
    addresses: list[str]
    clients: int
    step: int = 0

    @classmethod
    def read(cls, file: str) -> Self:
        return cls(**orjson.loads(Path(file).read_bytes()))

    def write(self, file: Path) -> Path:
        file.write_bytes(orjson.dumps(asdict(self)))
        return file

    @property
    def brokers(self) -> list[Broker]:
        """With a `step`, each of them has another data version and one topic with more queues."""
        count = len(self.addresses)
        found = []
        tables = spread(count, count * TOPICS_EACH // COPIES, word="herd", copies=COPIES)
        for broker, address in zip(tables, self.addresses, strict=True):
            placed = Broker(broker.name, broker.topics, broker.cluster, address)
            if self.step:
                placed = next_version(with_queues(placed, next(iter(placed.topics)), 8 + self.step), self.step)
            found.append(placed)
        return found

    @property
    def routes(self) -> dict[str, dict[str, str]]:
        """The routes that clients ask for."""
        topics = topics_of(self.brokers)
        chosen = list(topics)[:: max(1, len(topics) // ASKED)]
        return {topic: {broker.name: broker.address for broker in topics[topic]} for topic in chosen}


def say(content: object) -> None:
    """One line to whoever started this."""
    sys.stdout.buffer.write(orjson.dumps(content) + b"\n")
    sys.stdout.buffer.flush()


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """In milliseconds, by percent; none of nothing."""
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {str(p): 1000 * ordered[min(last, len(ordered) * p // 100)] for p in (50, 99, 100)} if ordered else {}
