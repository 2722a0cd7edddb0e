"""Registrations in numbers: whole tables that differ in their version and in one topic, spliced and not encoded."""

from collections.abc import Mapping

from nsredis.bench.brokers import Broker, frame, register_request
from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.codes import RequestCode
from nsredis.wire.registration import RegisterBody, encode_register_body

VERSION_MARK = DataVersion(0, 1_700_000_000_000, 4_444_444_444)
QUEUES_MARK = QueueData(55_555, 8)


def counter_of(number: int) -> int:
    """The counter of its data version in the registration of that number."""
    return 1_000_000_000 + number


def queues_of(number: int) -> int:
    """How many queues the topic that changes has in it."""
    return 10_000 + number % 50_000


class Registrations:
    """Registrations of a table of topics. Each one has another version, and another number of queues for one topic."""

    def __init__(self, topics: list[str], *, changed: str | None) -> None:
        table: Mapping[str, QueueData] = {topic: QUEUES_MARK if topic == changed else QueueData() for topic in topics}
        whole = encode_register_body(RegisterBody(VERSION_MARK, dict(table), {}, ()))
        self._head, rest = whole.split(b"%d" % VERSION_MARK.counter)
        self._middle, _, self._tail = rest.partition(b"%d" % QUEUES_MARK.read_queue_nums)
        self._one_topic = changed is not None

    def body(self, number: int) -> bytes:
        """The body of the registration of that number."""
        queues = b"%d" % queues_of(number) if self._one_topic else b""
        return b"".join((self._head, b"%d" % counter_of(number), self._middle, queues, self._tail))

    def request(self, broker: Broker, number: int) -> bytes:
        """That registration, by a broker."""
        return register_request(broker, self.body(number))


def unregister_request(broker: Broker) -> bytes:
    """That it leaves."""
    return frame(RequestCode.UNREGISTER_BROKER, broker.ext)
