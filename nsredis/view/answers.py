"""Encoded answers: the bytes and the tag of one body, made once and shared by every reader and both doors."""

from dataclasses import dataclass
from typing import Any, Self

import orjson
import xxhash


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON body with sorted keys, and its ETag (with the quotes): a hash of the body, so equal on every node."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, content: Any) -> Self:
        """Encode `content`."""
        return cls.of_bytes(compact(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)))

    @classmethod
    def of_bytes(cls, body: bytes) -> Self:
        """An answer around an encoded body."""
        return cls(body, f'"{xxhash.xxh3_64_hexdigest(body)}"')


def compact(body: bytes) -> bytes:
    """A copy to keep: what orjson returns takes some 4 kB, however short it is."""
    return bytes(memoryview(body))
