"""The topics of a registration as they came in, read with the help of what the broker said last."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import xxhash

from nsredis.core.brokers import BrokerKey
from nsredis.core.errors import InvalidField
from nsredis.core.queues import QueueData
from nsredis.wire import outline
from nsredis.wire.codes import VERSION_REGISTER_BODY, VERSION_STATIC_TOPICS
from nsredis.wire.outline import Outline, Reading
from nsredis.wire.registration import RegisterBody, decode_register_body, is_compressed

INFLATED_AT_ONCE: Final = 4096
"""Bytes of a compressed body: a thousand times that at the most when it is inflated, some milliseconds."""

MOST_BYTES: Final = 128 << 20
"""By the size that outlines say: those of 450,000 topics as they mostly are. Where the view holds the same table as an
outline they share it, and all that is kept besides is a list of names."""


class Outlines:
    """The outlines of the brokers' last large bodies: those of the brokers that registered last."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._by_broker: dict[BrokerKey, Outline] = {}

    def of(self, broker: BrokerKey) -> Outline | None:
        """What is kept of a broker's last body."""
        return self._by_broker.get(broker)

    def latest(self) -> Outline | None:
        """What was kept last, whoever said it."""
        return next(reversed(self._by_broker.values()), None)

    def keep(self, broker: BrokerKey, one: Outline) -> None:
        """From now on that is what the broker said last."""
        self.forget(broker)
        if one.size > self._most:
            return
        self._by_broker[broker] = one
        self._bytes += one.size
        while self._bytes > self._most:
            self.forget(next(iter(self._by_broker)))

    def forget(self, broker: BrokerKey) -> None:
        """As if the broker had said nothing."""
        old = self._by_broker.pop(broker, None)
        if old is not None:
            self._bytes -= old.size


class RemotingTopics:
    """A TopicBody that is read when it is asked, once."""

    def __init__(
        self,
        body: bytes | None,
        version: int,
        *,
        compressed: bool,
        max_inflated: int,
        broker: BrokerKey,
        outlines: Outlines,
    ) -> None:
        form = 2 if version >= VERSION_STATIC_TOPICS else 1 if version >= VERSION_REGISTER_BODY else 0
        hashed = xxhash.xxh3_128(body or b"")
        hashed.update(b"remoting %d %d" % (form, compressed))
        self.digest = hashed.hexdigest()
        self._body = body
        self._version = version
        self._compressed = compressed
        self._max_inflated = max_inflated
        self._broker = broker
        self._outlines = outlines
        self._read: RegisterBody | None = None
        self._reading: Reading | None = None

    @property
    def may_be_huge(self) -> bool:
        """Whether it may inflate to so much that the loop would stand still: zlib lets go of the interpreter."""
        return self._is_compressed and len(self._body or b"") > INFLATED_AT_ONCE

    @property
    def _is_compressed(self) -> bool:
        return is_compressed(self._body, compressed=self._compressed)

    def read(self, known: Mapping[str, QueueData]) -> RegisterBody:
        """The whole body. InvalidField. Quick where `known`, the group's topics, is what the broker said last."""
        if self._read is None:
            self._reading = self._read_outline(known)
            self._read = self._reading.body if self._reading is not None else self._decode()
        return self._read

    def _read_outline(self, known: Mapping[str, QueueData]) -> Reading | None:
        if not self._body or self._is_compressed:
            return None
        last = self._outlines.of(self._broker) or self._outlines.latest()  # brokers of a cluster have much in common
        if last is not None and last.topics == known:
            last = replace(last, topics=known)  # the very same, to be kept once and to be known again
        return outline.read(self._body, self._version, last)

    def _decode(self) -> RegisterBody:
        try:
            return decode_register_body(
                self._body, self._version, compressed=self._compressed, max_inflated=self._max_inflated
            )
        except ValueError as error:
            raise InvalidField("body", f"Failed to decode RegisterBrokerBody: {error}") from None

    def decode(self, known: Mapping[str, QueueData]) -> Mapping[str, QueueData]:
        """The topics, perhaps without those that stand in `known` just so. InvalidField."""
        body = self.read(known)
        return body.topics if self._reading is None or not known else self._reading.unlike(known)

    def accepted(self) -> None:
        """The registration was good: the broker's next body will be read knowing this one."""
        if self._reading is not None:
            self._outlines.keep(self._broker, self._reading.outline)

    def mappings(self) -> Mapping[str, str]:
        """The static topics' mappings."""
        return self.read({}).mappings
