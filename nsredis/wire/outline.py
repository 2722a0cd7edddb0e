"""Large registrations in JSON, of which only the topics are read that one before did not have just so.

The table of topics is cut into slices, and of each its length and digest are kept. Where they are cut is a guess; that
it was a good one is proved by the parser: each slice must be whole topics, and the body must be right with one topic in
the place of them all. So what is read is what `decode_register_body` reads, or nothing.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import msgspec
import xxhash

from nsredis.core.queues import QueueData
from nsredis.wire.registration import RegisterBody, decode_register_body
from nsredis.wire.topics import TopicConfig, read_configs

LARGE: Final = 65_536
"""Bytes of a table from which on it is worth it."""

SLICE: Final = 16_384
"""Bytes, about: some hundred topics, so that one that changed has few neighbours to be read with it."""

_TABLE: Final = b'"topicConfigTable":{'
_AFTER_TABLE: Final = b'}},"topicQueueMappingDetailMap":'
_MOST_AFTER: Final = 65_536
_STAND_IN: Final = secrets.token_hex()
"""No broker has that topic, nor can anyone guess it."""
_STAND_IN_TEXT: Final = b'"%b":{"topicName":"%b"}' % (_STAND_IN.encode(), _STAND_IN.encode())
_digest: Final = partial(xxhash.xxh3_128_digest, seed=secrets.randbits(64))
"""With a seed, so that no broker can make topics that are taken for another one's."""
_BETWEEN_TOPICS: Final = re.compile(rb'\},(?="[^"\\]*+":\{)')
_TOPICS: Final = msgspec.json.Decoder(dict[str, TopicConfig])

Topics = Mapping[str, QueueData]


@dataclass(frozen=True, slots=True)
class Slice:
    """Neighbouring topics, with the comma behind them unless they are the last."""

    length: int
    digest: bytes
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """What is kept of a body: its slices in their order, and what they say."""

    slices: tuple[Slice, ...]
    topics: Topics

    @property
    def size(self) -> int:
        """More bytes than it takes: those of the table's text, and a hundred for each topic."""
        return sum(one.length for one in self.slices) + 100 * len(self.topics)


@dataclass(frozen=True, slots=True)
class Reading:
    """A body, with the topics that had to be `read` for it: all others stand in `last` just so."""

    body: RegisterBody
    outline: Outline
    last: Topics
    read: Topics

    def unlike(self, known: Topics) -> dict[str, QueueData]:
        """The topics that `known` has not, or has otherwise: quick where `known` is `last`."""
        among = self.read if known is self.last else self.body.topics
        return {topic: queues for topic, queues in among.items() if known.get(topic) != queues}


class _OtherForm(ValueError):
    """Not as brokers write it, or not right."""


def read(body: bytes, version: int, last: Outline | None = None) -> Reading | None:
    """As `decode_register_body`, knowing what was said `last`; None where that cannot be, for any reason."""
    try:
        start, end = _table(body)
        frame = decode_register_body(
            body[:start] + _STAND_IN_TEXT + body[end:], version, compressed=False, max_inflated=0
        )
        if frame.topics.keys() != {_STAND_IN}:
            return None
        return _read(body, start, end, frame, last or Outline((), {}))
    except (ValueError, RecursionError):
        return None


def _table(body: bytes) -> tuple[int, int]:
    """Where the topics begin and end, if it is as brokers write it."""
    start = body.find(_TABLE) + len(_TABLE)
    end = body.rfind(_AFTER_TABLE, max(0, len(body) - _MOST_AFTER)) + 1  # of RocketMQ 5
    if not end:
        closing = 3 if b'"topicConfigSerializeWrapper"' in body[:start] else 2
        end = len(body.rstrip()) - closing
    if start < len(_TABLE) or end - start < LARGE:
        raise _OtherForm
    return start, end


def _read(body: bytes, start: int, end: int, frame: RegisterBody, last: Outline) -> Reading:
    view, slices = memoryview(body), last.slices
    before = 0
    while before < len(slices) - 1 and start + slices[before].length <= end:  # the last one stays the last
        if not _is(slices[before], view[start : start + slices[before].length]):
            break
        start += slices[before].length
        before += 1
    after = len(slices)
    while after > before and end - slices[after - 1].length >= start:
        if not _is(slices[after - 1], view[end - slices[after - 1].length : end]):
            break
        after -= 1
        end -= slices[after].length
    new, read = _cut(body, start, end, is_last=after == len(slices))
    topics: Topics = read
    if before or after < len(slices):
        topics = _changed(last.topics, slices[before:after], read)
    outline = Outline((*slices[:before], *new, *slices[after:]), topics)
    if sum(len(one.topics) for one in outline.slices) != len(topics):
        raise _OtherForm  # a topic stands there twice: which one counts?
    return Reading(replace(frame, topics=topics), outline, last.topics, read)


def _changed(topics: Topics, gone: Sequence[Slice], read: Topics) -> Topics:
    """The topics without those of the slices that are gone, and with those that were read."""
    if not gone and not read:
        return topics
    changed = {**topics}
    for one in gone:
        for topic in one.topics:
            del changed[topic]
    changed.update(read)
    return changed


def _is(known: Slice, text: memoryview) -> bool:
    return _digest(text) == known.digest


def _cut(body: bytes, start: int, end: int, *, is_last: bool) -> tuple[list[Slice], dict[str, QueueData]]:
    """The slices between, and all their topics. `is_last`: no other comes behind them."""
    slices: list[Slice] = []
    read: dict[str, QueueData] = {}
    while start < end:
        between = _BETWEEN_TOPICS.search(body, start + SLICE, end) if end - start > SLICE + SLICE // 2 else None
        stop = between.end() if between is not None else end
        text = body[start:stop]
        if stop < end or not is_last:
            if not text.endswith(b","):
                raise _OtherForm
            text = text[:-1]
        topics = _topics(text)
        slices.append(Slice(stop - start, _digest(body[start:stop]), tuple(topics)))
        read |= topics
        start = stop
    if is_last and not slices:
        raise _OtherForm
    return slices, read


def _topics(text: bytes) -> dict[str, QueueData]:
    configs = _TOPICS.decode(b"{%b}" % text)
    topics = read_configs(configs.values())
    if not topics or list(topics) != list(configs):
        raise _OtherForm
    return topics
