"""A group's topic table as one compact compressed blob, and how a registration or an operator changes it.

The scripts treat tables as opaque: only here are they read and written.
"""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import compress
from operator import is_not
from typing import Final

import msgspec

from nsredis.core.queues import QueueData, shared
from nsredis.registry.written_blobs import WrittenBlobs

DELTA_TOPICS: Final = 20
"""A change of at most so many topics travels in its stream entry, so that nobody reads the whole table for it."""

BODY_MARK: Final = "body:"
"""Starts what stands for the data version of a body that has none: its digest."""

Topics = Mapping[str, QueueData]


@dataclass(frozen=True, slots=True)
class Table:
    """The topics of a group.

    `mappings`: RocketMQ's TopicQueueMappingInfo of each static topic, as JSON, opaque to us.
    `deleted`: topics that an operator deleted -> the data version that still listed them; `body`: what stands for the
    data version of the registration that the table came from, when that had none.
    """

    version: int = 0
    topics: Topics = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    body: str = ""
    mappings: dict[str, str] = field(default_factory=dict)


def same_content(one: Table, other: Table) -> bool:
    """Whether two tables hold the same, whatever their versions."""
    return (one.topics, one.deleted, one.mappings) == (other.topics, other.deleted, other.mappings)


class _Content(msgspec.Struct, array_like=True, omit_defaults=True):
    """What the blob holds."""

    topics: Mapping[str, QueueData]
    mappings: dict[str, str] = {}


class Delta(msgspec.Struct):
    """The difference between two versions of a table."""

    base: int
    put: dict[str, QueueData]
    drop: list[str]
    body: str = ""


_encode: Final = msgspec.json.Encoder().encode
_decode_content: Final = msgspec.json.Decoder(_Content).decode
_decode_deleted: Final = msgspec.json.Decoder(dict[str, str]).decode
_decode_delta: Final = msgspec.json.Decoder(Delta).decode
_written: Final = WrittenBlobs()


def encode_blob(table: Table) -> bytes:
    """The topics and mappings: zlib's fastest level leaves a tenth of the bytes that Redis would have to copy."""
    return zlib.compress(_encode(_Content(table.topics, table.mappings)), 1)


def keep_written(blob: bytes, table: Table) -> None:
    """`decode_blob` need not decode this table's blob when it comes back to this process, which writes it."""
    _written.keep(blob, (table.topics, table.mappings))


def decode_blob(blob: bytes) -> tuple[Topics, dict[str, str]]:
    """The inverse of `encode_blob`. Queue data and names are shared: most topics stand in several tables."""
    written = _written.take(blob)
    if written is not None:
        return written
    content = _decode_content(zlib.decompress(blob))
    return shared(content.topics), content.mappings


def encode_deleted(deleted: Mapping[str, str]) -> bytes:
    """The deleted topics as the table's row keeps them."""
    return _encode(deleted) if deleted else b""


def decode_deleted(raw: bytes) -> dict[str, str]:
    """The inverse of `encode_deleted`."""
    return _decode_deleted(raw) if raw else {}


def decode_table(row: Mapping[bytes, bytes]) -> Table:
    """A table from its row."""
    if b"blob" not in row:
        return Table()
    topics, mappings = decode_blob(row[b"blob"])
    deleted, body = decode_deleted(row.get(b"deleted", b"")), row.get(b"body", b"").decode()
    return Table(int(row[b"version"]), topics, deleted, body, mappings)


def encode_delta(old: Table, new: Table, among: Collection[str] | None = None) -> bytes:
    """The changed topics when they are few and nothing else changed; else empty: followers read the table then.

    `among`: what is new or other is among these, where that is known.
    """
    if (
        new.deleted != old.deleted
        or new.mappings != old.mappings
        or abs(len(new.topics) - len(old.topics)) > DELTA_TOPICS
    ):
        return b""
    put = _put(old.topics, new.topics, new.topics if among is None else among)
    if len(put) > DELTA_TOPICS:
        return b""
    dropped = len(old.topics) + sum(topic not in old.topics for topic in put) - len(new.topics)
    drop = sorted(old.topics.keys() - new.topics.keys()) if dropped else []
    return _encode(Delta(old.version, put, drop, new.body)) if len(put) + len(drop) <= DELTA_TOPICS else b""


def _put(old: Topics, new: Topics, among: Collection[str]) -> dict[str, QueueData]:
    """What is new or other in `new`. Nearly all queue data is shared, so the same objects are passed over first."""
    others = compress(among, map(is_not, map(new.get, among), map(old.get, among)))
    return {topic: new[topic] for topic in others if topic in new and old.get(topic) != new[topic]}


def decode_delta(raw: bytes) -> Delta:
    """The inverse of `encode_delta`."""
    return _decode_delta(raw)


def apply_body(
    table: Table,
    body: Mapping[str, QueueData],
    version: str,
    *,
    replaces: bool,
    mappings: Mapping[str, str] | None = None,
) -> Table:
    """The table after a registration under data version `version`; a mapping goes with its topic.

    A whole body is not copied: nobody may change it from then on.

    A topic that an operator deleted stays deleted while the body comes under the version that the operator saw.
    """
    kept_out = {topic for topic, seen in table.deleted.items() if seen == version and topic in body}
    if kept_out:
        body = {topic: queues for topic, queues in body.items() if topic not in kept_out}
    topics = body if replaces or not table.topics else {**table.topics, **body}
    deleted = {topic: seen for topic, seen in table.deleted.items() if topic in kept_out or topic not in body}
    known = mappings or {} if replaces else {**table.mappings, **(mappings or {})}
    marked = version if version.startswith(BODY_MARK) else ""
    return Table(table.version, topics, deleted, marked, _of(topics, known))


def apply_patch(table: Table, put: Mapping[str, QueueData], drop: Collection[str]) -> Table:
    """The table after its owner added, changed and dropped some topics."""
    topics = {topic: queues for topic, queues in table.topics.items() if topic not in drop} | dict(put)
    deleted = {topic: seen for topic, seen in table.deleted.items() if topic not in put}
    return Table(table.version, topics, deleted, table.body, _of(topics, table.mappings))


def delete_topic(table: Table, topic: str, version: str) -> Table:
    """The table after an operator deleted a topic that the group lists under data version `version`."""
    topics = {name: queues for name, queues in table.topics.items() if name != topic}
    deleted = table.deleted | {topic: version}
    return Table(table.version, topics, deleted, table.body, _of(topics, table.mappings))


def _of(topics: Topics, mappings: Mapping[str, str]) -> dict[str, str]:
    return {topic: mapping for topic, mapping in mappings.items() if topic in topics}


def body_version(data_version: str, digest: str) -> str:
    """Under which version a body lists its topics: its data version as text, else a mark made of its digest."""
    return data_version or BODY_MARK + digest
