"""A broker whose topic is changed again and again over HTTP, and how each change is known when it is seen."""

from typing import Final

import msgspec

from nsredis.bench.failures import LoadFailed
from nsredis.bench.peers.ours import OurNode
from nsredis.bench.talk import Talk
from nsredis.wire.api_types import QueueDataBody, RegisterBody

TOPIC: Final = "changing-topic"
FIRST: Final = 10_000
NUMBERS: Final = 50_000
"""Numbers of queues of five digits: none is a part of another."""

WATCH: Final = f"/v1/watch?topic={TOPIC}"


class Changing:
    """The broker, at one node."""

    def __init__(self, node: OurNode) -> None:
        self._talk = Talk(node.http_port)
        self._number = 0

    def change(self) -> bytes:
        """Send the next change; the words by which it is known. `done` is to be called for it."""
        number = FIRST + self._number % NUMBERS
        self._number += 1
        topics = {TOPIC: QueueDataBody(read_queue_nums=number)}
        body = RegisterBody("10.8.0.1:10911", lease_ms=600_000, instance="bench", topics=topics)
        self._talk.send("PUT", "/v1/brokers/changing/changing-broker/0", msgspec.json.encode(body))
        return b'"readQueueNums":%d' % number

    def done(self) -> None:
        """Take the answer to the change. LoadFailed."""
        status, said = self._talk.answer()
        if status >= 300:
            raise LoadFailed(f"a change is answered with status {status}: {said[:300]!r}")

    def close(self) -> None:
        """Hang up."""
        self._talk.__exit__()
