"""The compressed body of a registration: sections with their lengths in one zlib stream (RegisterBrokerBody)."""

import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.topics import read_line, read_mapping, read_version, write_version

FIRST_BYTE: Final = 0x78
"""How zlib streams begin, and JSON never does."""

_MAX_VERSION: Final = 65_536  # bytes of the data version, which has about 60
_VERSION_ROOM: Final = 512
_INT: Final = struct.Struct(">i")
_FILTERS: Final = msgspec.json.Decoder(list[str] | None)


class _Sections:
    """Reads one section after the other. ValueError where the bytes end early."""

    def __init__(self, plain: bytes) -> None:
        self.plain = plain
        self.at = 0

    def number(self, what: str) -> int:
        """A length or a count."""
        if self.left < _INT.size:
            raise ValueError(f"the compressed body ends before {what}")
        (number,) = _INT.unpack_from(self.plain, self.at)
        if number < 0:
            raise ValueError(f"the compressed body has {number} as length or count of {what}")
        self.at += _INT.size
        return int(number)

    def section(self, what: str) -> bytes:
        length = self.number(what)
        if length > self.left:
            raise ValueError(f"the compressed body ends inside {what}")
        self.at += length
        return self.plain[self.at - length : self.at]

    @property
    def left(self) -> int:
        return len(self.plain) - self.at


def read(
    body: bytes, *, mappings: bool, max_inflated: int
) -> tuple[DataVersion, dict[str, QueueData], dict[str, str], tuple[str, ...] | None]:
    """Data version, topics, mappings and filter servers (None: leave them as they are). ValueError.

    `mappings` says whether the sender may have written static topics' mappings at the end; they may be absent.
    """
    sections = _Sections(_inflate(body, max_inflated))
    version = _version(sections)
    topics = _topics(sections)
    filters = _filters(sections.section("the filter servers"))
    mapped: dict[str, str] = {}
    if mappings and sections.left:
        for _ in range(sections.number("the mappings")):
            mapping = read_mapping(sections.section("a mapping"))
            mapped[mapping.topic] = mapping.text()
    return version, topics, mapped, filters


def read_data_version(body: bytes) -> DataVersion:
    """The data version alone, inflating no more than its section. ValueError."""
    start = _inflate_start(body, _VERSION_ROOM)
    length = int.from_bytes(start[: _INT.size])
    if _VERSION_ROOM - _INT.size < length <= _MAX_VERSION:
        start = _inflate_start(body, _INT.size + length)
    return _version(_Sections(start))


def _inflate(body: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(body, most + 1)
    except zlib.error as error:
        raise ValueError(f"the compressed body cannot be inflated: {error}") from None
    if len(plain) > most:
        raise ValueError(f"the compressed body inflates to more than {most} bytes")
    if not inflater.eof:
        raise ValueError("the compressed body is cut off")
    return plain


def _inflate_start(body: bytes, most: int) -> bytes:
    # A stream may be a little longer than what it holds, but not without end: blocks may be empty.
    try:
        return zlib.decompressobj().decompress(body[: 2 * most + 1024], most)
    except zlib.error as error:
        raise ValueError(f"the compressed body cannot be inflated: {error}") from None


def _version(sections: _Sections) -> DataVersion:
    raw = sections.section("the data version")
    if len(raw) > _MAX_VERSION:
        raise ValueError(f"the data version has more than {_MAX_VERSION} bytes")
    return read_version(raw)


def _topics(sections: _Sections) -> dict[str, QueueData]:
    topics: dict[str, QueueData] = {}
    known: dict[bytes, QueueData] = {}  # few lines differ in more than the name
    for _ in range(sections.number("the topics")):
        name, _blank, numbers = sections.section("a topic").partition(b" ")
        topic = sys.intern(name.decode())
        queues = known.get(numbers)
        if queues is None:
            try:
                queues = known[numbers] = read_line(numbers)
            except ValueError as error:
                raise ValueError(f"topic {topic}: {error}") from None
        if not topic:
            raise ValueError("topicName: a topic has none")
        topics[topic] = queues
    return topics


def _filters(raw: bytes) -> tuple[str, ...] | None:
    """As in Java, what cannot be read clears the list."""
    if not raw.strip():
        return None
    try:
        filters = _FILTERS.decode(raw)
    except (ValueError, RecursionError):
        return ()
    return None if filters is None else tuple(filters)


def write(
    version: DataVersion,
    topics: Mapping[str, QueueData],
    mappings: Mapping[str, str],
    filter_servers: Sequence[str] | None,
    *,
    with_mappings: bool,
) -> bytes:
    """The body as brokers send it: of RocketMQ 5 `with_mappings` (and topics' attributes), of RocketMQ 4 without."""
    attributes = " {}" if with_mappings else ""
    parts = [_section(write_version(version)), _INT.pack(len(topics))]
    parts += [
        _section(
            f"{topic} {queues.read_queue_nums} {queues.write_queue_nums} {queues.perm} SINGLE_TAG{attributes}".encode()
        )
        for topic, queues in topics.items()
    ]
    parts.append(_section(msgspec.json.encode(filter_servers)))
    if with_mappings:
        parts.append(_INT.pack(len(mappings)))
        parts += [_section(read_mapping(mapping.encode()).legacy()) for mapping in mappings.values()]
    return zlib.compress(b"".join(parts), 9)


def _section(content: bytes) -> bytes:
    return _INT.pack(len(content)) + content
