"""Bodies as RocketMQ's brokers send them, made by hand: what is compared is not made by what reads it."""

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Queues = tuple[int, int, int]
"""Read queues, write queues, permission."""

TWO: dict[str, Queues] = {"TopicA": (4, 4, 6), "TopicB": (8, 8, 7)}


@dataclass(frozen=True)
class Version:
    """A DataVersion."""

    counter: int = 1
    timestamp: int = 1_700_000_000_000
    state: int = 0

    def content(self) -> dict[str, int]:
        return {"counter": self.counter, "stateVersion": self.state, "timestamp": self.timestamp}

    def json(self) -> bytes:
        return _json(self.content())


V1 = Version()


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def topic_config(name: str | None, queues: Queues, sys_flag: int = 0, *, order: bool = False) -> dict[str, Any]:
    """A TopicConfig."""
    read, write, perm = queues
    named = {} if name is None else {"topicName": name}
    return {
        "attributes": {},
        "order": order,
        "perm": perm,
        "readQueueNums": read,
        "topicFilterType": "SINGLE_TAG",
        "topicSysFlag": sys_flag,
        "writeQueueNums": write,
        **named,
    }


def wrapper(
    topics: Mapping[str, Queues],
    version: Version = V1,
    *,
    flags: Mapping[str, int] | None = None,
    mappings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The part of a registration's body that was all of it before 3.0.11."""
    configs = {name: topic_config(name, queues, (flags or {}).get(name, 0)) for name, queues in topics.items()}
    more = {"topicQueueMappingInfoMap": dict(mappings)} if mappings is not None else {}
    return {"dataVersion": version.content(), "topicConfigTable": configs, **more}


def registration(
    topics: Mapping[str, Queues],
    version: Version = V1,
    *,
    filters: Sequence[str] | None = (),
    flags: Mapping[str, int] | None = None,
    mappings: Mapping[str, Any] | None = None,
) -> bytes:
    """The JSON body of a registration."""
    content: dict[str, Any] = {
        "topicConfigSerializeWrapper": wrapper(topics, version, flags=flags, mappings=mappings),
    }
    if filters is not None:
        content["filterServerList"] = list(filters)
    return _json(content)


def old_registration(topics: Mapping[str, Queues], version: Version = V1) -> bytes:
    """The body of brokers before 3.0.11."""
    return _json(wrapper(topics, version))


def compressed(
    topics: Mapping[str, Queues],
    version: Version = V1,
    *,
    filters: bytes = b"[]",
    mappings: Sequence[bytes] | None = (),
    attributes: bool = True,
) -> bytes:
    """The compressed body; `mappings` None: that of 4.x brokers, which has no such section."""

    def section(content: bytes) -> bytes:
        return struct.pack(">i", len(content)) + content

    tail = " {}" if attributes else ""
    lines = [f"{name} {read} {write} {perm} SINGLE_TAG{tail}" for name, (read, write, perm) in topics.items()]
    parts = [section(version.json()), struct.pack(">i", len(lines)), *(section(line.encode()) for line in lines)]
    parts.append(section(filters))
    if mappings is not None:
        parts += [struct.pack(">i", len(mappings)), *map(section, mappings)]
    return zlib.compress(b"".join(parts), 9)


def crc(body: bytes) -> str:
    """What `bodyCrc32` says of a body."""
    return str(zlib.crc32(body) & 0x7FFFFFFF)


def mapping(topic: str, name: str, *, legacy: bool = False) -> Any:
    """A TopicQueueMappingInfo; in `legacy` form as text with bare numbers for keys."""
    content = {
        "bname": name,
        "currIdMap": {"0": 0, "1": 1},
        "dirty": False,
        "epoch": 1_700_000_000_001,
        "scope": "__global__",
        "topic": topic,
        "totalQueues": 10,
    }
    return _json(content).replace(b'{"0":0,"1":1}', b"{0:0,1:1}") if legacy else content


def route(*queues: tuple[str, Queues]) -> bytes:
    """The body of 217: a route of which only the queues count."""
    datas = [
        {"brokerName": name, "perm": perm, "readQueueNums": read, "topicSysFlag": 0, "writeQueueNums": write}
        for name, (read, write, perm) in queues
    ]
    return _json({"brokerDatas": [], "filterServerTable": {}, "queueDatas": datas})
