"""A State as a file: frames of msgpack, encoded and decoded in slices so that the loop never stalls.

The file opens with a mark and ends with a digest of all before it. Frames follow each other, each after its length.
Fields of our objects go by their names, so that the next release reads the file of this one.
"""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

import msgspec
import xxhash

from nsredis.core.brake import Brake
from nsredis.core.brokers import Broker, Group, OfflineBroker
from nsredis.core.changes import Change
from nsredis.core.kv import KvEntry
from nsredis.core.queues import QueueData, intern
from nsredis.registry.tables import Table
from nsredis.view.state import State
from nsredis.view.table_change import compare

MARK: Final = b"nsredis view 1\n"
DIGEST_BYTES: Final = 16
ROWS_AT_ONCE: Final = 250
TOPICS_AT_ONCE: Final = 2000
CHANGES_KEPT: Final = 1000
"""Frames of this size take about a millisecond."""

T = TypeVar("T")


class Head(msgspec.Struct, tag="head", array_like=True):
    """What the file is of, and when the view last matched the store (milliseconds of this machine's clock)."""

    namespace: str
    store: str
    revision: int
    tag: str
    saved_at_ms: int


class _Rows(msgspec.Struct, tag="rows", array_like=True):
    groups: list[Group] = []
    brokers: list[Broker] = []
    offline: list[OfflineBroker] = []
    brakes: list[Brake] = []
    kv: list[KvEntry] = []
    changes: list[Change] = []
    settings: dict[str, str] = {}


class _Table(msgspec.Struct, tag="table", array_like=True):
    """A table without its topics, which follow."""

    group: str
    version: int
    body: str
    deleted: dict[str, str]
    mappings: dict[str, str]
    topics: int


class _Topics(msgspec.Struct, tag="topics", array_like=True):
    """Topics by the place of their queue data: there are few different ones."""

    queues: list[QueueData]
    topics: dict[str, int]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Head | _Rows | _Table | _Topics).decode


async def encode(head: Head, state: State) -> list[bytes]:
    """The file's parts. The state may move meanwhile: what is encoded is all of this moment."""
    rows = [
        *(_Rows(groups=part) for part in _sliced(list(state.groups.values()), ROWS_AT_ONCE)),
        *(_Rows(brokers=part) for part in _sliced(list(state.brokers.values()), ROWS_AT_ONCE)),
        *(_Rows(offline=part) for part in _sliced(list(state.offline.values()), ROWS_AT_ONCE)),
        *(_Rows(changes=part) for part in _sliced(list(state.changes)[-CHANGES_KEPT:], ROWS_AT_ONCE)),
        _Rows(brakes=list(state.brakes.values()), settings=dict(state.settings_row)),
    ]
    kv, tables = list(state.kv.values()), list(state.tables.items())
    parts = [MARK, *_framed(head)]
    for frame in rows:
        parts += _framed(frame)
        await asyncio.sleep(0)
    for entries in kv:
        for some in _sliced(list(entries.values()), ROWS_AT_ONCE):
            parts += _framed(_Rows(kv=some))
            await asyncio.sleep(0)
    for group, table in tables:
        parts += _framed(_Table(group, table.version, table.body, table.deleted, table.mappings, len(table.topics)))
        for topics in _sliced(table.topics.items(), TOPICS_AT_ONCE):
            places: dict[QueueData, int] = {}
            named = {topic: places.setdefault(queues, len(places)) for topic, queues in topics}
            parts += _framed(_Topics(list(places), named))
            await asyncio.sleep(0)
    return parts


def seal(parts: list[bytes]) -> bytes:
    """The file of these parts."""
    content = b"".join(parts)
    return content + xxhash.xxh3_128_digest(content)


def head_of(file: bytes) -> Head:
    """What a file is of. ValueError when it is none of ours, or damaged."""
    content, digest = file[:-DIGEST_BYTES], file[-DIGEST_BYTES:]
    if not content.startswith(MARK):
        raise ValueError("it is no view, or one of another release")
    if xxhash.xxh3_128_digest(content) != digest:
        raise ValueError("it is damaged")
    head = next(_frames(file))
    if not isinstance(head, Head):
        raise ValueError("it has no head")  # noqa: TRY004 - it is about the file
    return head


async def decode(file: bytes) -> State:
    """The state in a file that `head_of` found good. ValueError when it does not fit together."""
    head = head_of(file)
    state = State(head.revision, head.tag)
    kv: dict[str, dict[str, KvEntry]] = {}
    open_table: _Table | None = None
    topics: dict[str, QueueData] = {}
    for frame in _frames(file):
        match frame:
            case _Rows():
                _apply(state, frame, kv)
            case _Table():
                open_table, topics = frame, {}
            case _Topics(queues=queues, topics=named):
                shared = [intern(one) for one in queues]
                topics.update((sys.intern(topic), shared[place]) for topic, place in named.items())
        if open_table is not None and len(topics) >= open_table.topics:
            table = Table(open_table.version, topics, open_table.deleted, open_table.body, open_table.mappings)
            state.set_table(await compare(open_table.group, None, table))
            open_table = None
        await asyncio.sleep(0)
    if open_table is not None:
        raise ValueError("a table is cut off")
    for namespace, entries in kv.items():
        state.set_kv(namespace, entries)
    state.take_dirty()
    return state


def _apply(state: State, rows: _Rows, kv: dict[str, dict[str, KvEntry]]) -> None:
    for group in rows.groups:
        state.set_group(group.name, group)
    for broker in rows.brokers:
        state.set_broker(broker.key, broker)
    for gone in rows.offline:
        state.set_offline(gone.key, gone)
    for brake in rows.brakes:
        state.set_brake(brake.cluster, brake)
    for entry in rows.kv:
        kv.setdefault(entry.namespace, {})[entry.key] = entry
    state.changes.extend(rows.changes)
    if rows.settings:
        state.set_settings(rows.settings)


def _framed(frame: msgspec.Struct) -> tuple[bytes, bytes]:
    raw = _encode(frame)
    return len(raw).to_bytes(4), raw


def _frames(file: bytes) -> "Iterator[Head | _Rows | _Table | _Topics]":
    """The frames; ValueError (also of msgspec) where one is cut off or not as it should be."""
    view, at, end = memoryview(file), len(MARK), len(file) - DIGEST_BYTES
    while at < end:
        size = int.from_bytes(view[at : at + 4])
        at += 4 + size
        if at > end:
            raise ValueError("a frame is cut off")
        yield _decode(view[at - size : at])


def _sliced(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while part := list(islice(rest, size)):
        yield part
