"""The bodies of registrations (RocketMQ's RegisterBrokerBody), in all the forms that its versions have sent."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import orjson
from msgspec import Struct

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire import compressed_registration, fastjson
from nsredis.wire.codes import VERSION_REGISTER_BODY, VERSION_STATIC_TOPICS
from nsredis.wire.topics import (
    DataVersionContent,
    TopicConfig,
    TopicQueueMapping,
    read_configs,
    read_mapping,
    read_version,
    write_version,
)


@dataclass(frozen=True, slots=True)
class RegisterBody:
    """What a broker registers.

    `mappings`: RocketMQ's TopicQueueMappingInfo of each static topic, as compact standard JSON. `filter_servers` None
    leaves those that are known, none at all clears them.
    """

    data_version: DataVersion
    topics: Mapping[str, QueueData]
    mappings: Mapping[str, str]
    filter_servers: tuple[str, ...] | None


class _VersionOnly(Struct, rename="camel"):
    data_version: DataVersionContent | None = None


class _VersionOfBody(_VersionOnly):
    topic_config_serialize_wrapper: _VersionOnly | None = None


class _Wrapper(Struct, rename="camel"):
    """TopicConfigAndMappingSerializeWrapper; before 3.0.11 the whole body."""

    data_version: DataVersionContent | None = None
    topic_config_table: dict[str, TopicConfig] | None = None
    topic_queue_mapping_info_map: dict[str, TopicQueueMapping] | None = None


class _Body(_Wrapper):
    """Either form: the fields of both."""

    topic_config_serialize_wrapper: _Wrapper | None = None
    filter_server_list: list[str] | None = []


_BODY: Final = msgspec.json.Decoder(_Body)
_VERSION: Final = msgspec.json.Decoder(_VersionOfBody)

# Java writes keys in alphabetical order, so the data version stands near the beginning. Other orders do not match.
_VERSION_FIRST: Final = re.compile(
    rb"""\s*+ \{ \s*+
    (?: (?: "filterServerList" \s*+ : \s*+ (?: \[ [^\]\\]*+ \] | null ) \s*+ , \s*+ )?
        "topicConfigSerializeWrapper" \s*+ : \s*+ \{ \s*+ )?
    "dataVersion" \s*+ : \s*+ ( \{ [^{}]*+ \} )""",
    re.VERBOSE,
)


def decode_register_body(body: bytes | None, version: int, *, compressed: bool, max_inflated: int) -> RegisterBody:
    """What a broker of that version says, in whichever form its body has. ValueError: the words name what is wrong.

    Compressed bodies are known by their first byte too: RocketMQ 5 sends them with `compressed` false. Of the two JSON
    forms the body itself tells which it is. `max_inflated`: the most bytes that a compressed body may inflate to.
    """
    if not body:
        return RegisterBody(DataVersion(), {}, {}, () if version >= VERSION_REGISTER_BODY else None)
    if is_compressed(body, compressed=compressed):
        with_mappings = version >= VERSION_STATIC_TOPICS
        return RegisterBody(*compressed_registration.read(body, mappings=with_mappings, max_inflated=max_inflated))
    content = fastjson.decode(_BODY, body)
    wrapper = content.topic_config_serialize_wrapper
    filters = content.filter_server_list
    if wrapper is None:
        bare = content.data_version is not None or content.topic_config_table is not None
        wrapper, filters = content, None if bare or version < VERSION_REGISTER_BODY else filters
    return RegisterBody(
        wrapper.data_version.value() if wrapper.data_version is not None else DataVersion(),
        read_configs((wrapper.topic_config_table or {}).values()),
        {topic: mapping.text() for topic, mapping in (wrapper.topic_queue_mapping_info_map or {}).items()},
        None if filters is None else tuple(filters),
    )


def read_data_version(body: bytes | None, version: int, *, compressed: bool) -> DataVersion:
    """The data version that `decode_register_body` would give, without decoding the topics. ValueError.

    What follows the data version is not looked at, so it may yet turn out to be broken.
    """
    if not body:
        return DataVersion()
    if is_compressed(body, compressed=compressed):
        return compressed_registration.read_data_version(body)
    first = _VERSION_FIRST.match(body)
    if first is not None:
        return read_version(first[1])
    content = fastjson.decode(_VERSION, body)
    wrapper = content.topic_config_serialize_wrapper or content
    return wrapper.data_version.value() if wrapper.data_version is not None else DataVersion()


def is_compressed(body: bytes | None, *, compressed: bool) -> bool:
    """Whether that is a compressed body: `compressed` says so, or its first byte."""
    if not body:
        return False
    return compressed or body[0] == compressed_registration.FIRST_BYTE


def body_crc(body: bytes | None) -> int:
    """What `bodyCrc32` must be: CRC-32 of the bytes as they were sent, without the sign; 0 for no body."""
    return zlib.crc32(body) & 0x7FFFFFFF if body is not None else 0


def encode_register_body(body: RegisterBody) -> bytes:
    """The JSON body as a broker of RocketMQ 5 sends it."""
    filters = b"null" if body.filter_servers is None else orjson.dumps(body.filter_servers)
    topics = b",".join(
        b'%b:{"attributes":{},"order":false,"perm":%d,"readQueueNums":%d,"topicFilterType":"SINGLE_TAG",'
        b'"topicName":%b,"topicSysFlag":%d,"writeQueueNums":%d}'
        % (name, queues.perm, queues.read_queue_nums, name, queues.topic_sys_flag, queues.write_queue_nums)
        for name, queues in zip(map(orjson.dumps, body.topics), body.topics.values(), strict=True)
    )
    mappings = b",".join(
        b"%b:%b" % (orjson.dumps(topic), read_mapping(mapping.encode()).legacy())
        for topic, mapping in body.mappings.items()
    )
    mapping_version = DataVersion(timestamp=body.data_version.timestamp)
    return (
        b'{"filterServerList":%b,"topicConfigSerializeWrapper":{"dataVersion":%b,"mappingDataVersion":%b,'
        b'"topicConfigTable":{%b},"topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{%b}}}'
        % (filters, write_version(body.data_version), write_version(mapping_version), topics, mappings)
    )


def encode_compressed_register_body(body: RegisterBody, *, mappings: bool) -> bytes:
    """The compressed body as a broker of RocketMQ 5 sends it; without `mappings` as one of RocketMQ 4."""
    return compressed_registration.write(
        body.data_version, body.topics, body.mappings, body.filter_servers, with_mappings=mappings
    )
