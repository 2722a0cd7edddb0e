"""Encoded answers: the bytes and the tag of one body, made once and shared by every reader and both doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson
import xxhash

from nsredis.wire import fastjson


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON body with sorted keys, and its ETag (with the quotes): a hash of the body, so equal on every node."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, content: Any) -> Self:
        """Encode `content`."""
        return cls.of_bytes(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))

    @classmethod
    def of_bytes(cls, body: bytes) -> Self:
        """An answer around an encoded body."""
        return cls(body, f'"{xxhash.xxh3_64_hexdigest(body)}"')


def legacy_route(standard: Answer) -> bytes:
    """A route in RocketMQ's older dialect: ids in maps are unquoted, for clients that split the text themselves."""
    route = orjson.loads(standard.body)
    for data in route["brokerDatas"]:
        data["brokerAddrs"] = _by_number(data["brokerAddrs"])
    for mapping in route.get("topicQueueMappingByBroker", {}).values():
        mapping["currIdMap"] = _by_number(mapping.get("currIdMap") or {})
    return fastjson.dumps_legacy(route)


def _by_number(by_text: Mapping[str, Any]) -> dict[int, Any]:
    return dict(sorted((int(number), value) for number, value in by_text.items()))
