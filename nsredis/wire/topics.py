"""The parts that registrations are made of: data versions, topics and the mappings of static topics."""

import re
import sys
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData, intern
from nsredis.wire import fastjson

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class DataVersionContent(Struct, rename="camel", gc=False):
    """RocketMQ's DataVersion as JSON. A time that is absent is 0 (Java takes the time of reading)."""

    counter: Int64 = 0
    state_version: Int64 = 0
    timestamp: Int64 = 0

    def value(self) -> DataVersion:
        return DataVersion(self.state_version, self.timestamp, self.counter)


class TopicConfig(Struct, rename="camel", gc=False):
    """RocketMQ's TopicConfig as JSON, with Java's defaults; what a name server does not need is overlooked."""

    topic_name: str | None = None
    read_queue_nums: Int32 = 16
    write_queue_nums: Int32 = 16
    perm: Int32 = 6
    topic_sys_flag: Int32 = 0


class TopicQueueMapping(Struct, rename="camel"):
    """RocketMQ's TopicQueueMappingInfo: which physical queues of a broker hold which queues of a static topic."""

    bname: str
    topic: str
    curr_id_map: dict[Int32, Int32] = {}
    dirty: bool = False
    epoch: Int64 = 0
    scope: str = "__global__"
    total_queues: Int32 = 0

    def text(self) -> str:
        """Compact standard JSON, keys sorted."""
        return fastjson.dumps(msgspec.to_builtins(self)).decode()

    def legacy(self) -> bytes:
        """As a Java broker writes it."""
        return fastjson.dumps_legacy(msgspec.to_builtins(self))


_VERSION: Final = msgspec.json.Decoder(DataVersionContent)
_MAPPING: Final = msgspec.json.Decoder(TopicQueueMapping)

_NUMBERS: Final = re.compile(rb"([+-]?\d{1,10}) ([+-]?\d{1,10}) ([+-]?\d{1,10}) [^ ]+(?: .*)?", re.DOTALL)
_NUMBER_FIELDS: Final = ("readQueueNums", "writeQueueNums", "perm")


def read_version(raw: bytes) -> DataVersion:
    """A data version from JSON. ValueError."""
    return fastjson.decode(_VERSION, raw).value()


def read_mapping(raw: bytes) -> TopicQueueMapping:
    """The mapping of a static topic from JSON. ValueError."""
    return fastjson.decode(_MAPPING, raw)


def read_configs(configs: Iterable[TopicConfig]) -> dict[str, QueueData]:
    """The queues by the topics' own names, both shared where they are equal. ValueError where one has no name."""
    topics: dict[str, QueueData] = {}
    known: dict[tuple[int, int, int, int], QueueData] = {}
    for config in configs:
        if not config.topic_name:
            raise ValueError("topicName: a topic has none")
        numbers = (config.read_queue_nums, config.write_queue_nums, config.perm, config.topic_sys_flag)
        queues = known.get(numbers)
        if queues is None:
            queues = known[numbers] = intern(QueueData(*numbers))
        topics[sys.intern(config.topic_name)] = queues
    return topics


def read_line(numbers: bytes) -> QueueData:
    """The queues from what follows the name in a topic's line: `read write perm filterType` and perhaps attributes.

    The form of compressed registrations (RocketMQ's TopicConfig.encode). It has no topicSysFlag. ValueError.
    """
    match = _NUMBERS.fullmatch(numbers)
    if match is None:
        raise ValueError("its line must be: name readQueueNums writeQueueNums perm topicFilterType")
    values = [int(digits) for digits in match.groups()]
    for field, value in zip(_NUMBER_FIELDS, values, strict=True):
        if not -(2**31) <= value < 2**31:
            raise ValueError(f"{field} must be a number of 32 bits")
    read, write, perm = values
    return intern(QueueData(read, write, perm, 0))


def write_version(version: DataVersion) -> bytes:
    """A data version as JSON, as Java writes it."""
    return b'{"counter":%d,"stateVersion":%d,"timestamp":%d}' % (
        version.counter,
        version.state_version,
        version.timestamp,
    )
