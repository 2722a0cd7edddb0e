"""The bodies of answers and of smaller requests."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from nsredis.core.brokers import Broker, DataVersion, Group
from nsredis.core.queues import QueueData, intern
from nsredis.core.routes import broker_data
from nsredis.wire import fastjson
from nsredis.wire.topics import Int32, read_version, write_version


class _QueueData(msgspec.Struct, rename="camel"):
    """RocketMQ's QueueData; up to 4.8.0 the flag was called topicSynFlag."""

    broker_name: str = ""
    read_queue_nums: Int32 = 0
    write_queue_nums: Int32 = 0
    perm: Int32 = 0
    topic_sys_flag: Int32 = 0
    topic_syn_flag: Int32 = 0


class _Route(msgspec.Struct, rename="camel"):
    queue_datas: list[_QueueData] | None = None


_ROUTE: Final = msgspec.json.Decoder(_Route)


def topic_list(topics: Iterable[str], broker_addr: str | None = None) -> bytes:
    """RocketMQ's TopicList."""
    content: dict[str, Any] = {"topicList": list(topics)}
    if broker_addr is not None:
        content["brokerAddr"] = broker_addr
    return fastjson.dumps(content)


def kv_table(table: Mapping[str, str]) -> bytes:
    """RocketMQ's KVTable."""
    return fastjson.dumps({"table": dict(table)})


def data_version(version: DataVersion) -> bytes:
    """RocketMQ's DataVersion."""
    return write_version(version)


def decode_data_version(raw: bytes | None) -> DataVersion | None:
    """The data version in a request's body; None where there is no body. ValueError."""
    return read_version(raw) if raw else None


def decode_queue_datas(raw: bytes | None) -> list[tuple[str, QueueData]]:
    """Broker names and their queues from a TopicRouteData, which is what REGISTER_TOPIC_IN_NAMESRV sends. ValueError.

    A brokerName that is absent is empty; numbers that are absent are 0, as in Java.
    """
    if not raw:
        return []
    return [
        (
            item.broker_name,
            intern(
                QueueData(
                    item.read_queue_nums, item.write_queue_nums, item.perm, item.topic_sys_flag or item.topic_syn_flag
                )
            ),
        )
        for item in fastjson.decode(_ROUTE, raw).queue_datas or []
    ]


def cluster_info(groups: Iterable[tuple[Group, Broker | None]]) -> bytes:
    """RocketMQ's ClusterInfo, in legacy form, of groups and the brokers that speak for them (their lowest ids)."""
    brokers: dict[str, Any] = {}
    clusters: dict[str, list[str]] = {}
    for group, lead in groups:
        brokers[group.name] = _with_bare_ids(broker_data(group, lead))
        clusters.setdefault(group.cluster, []).append(group.name)
    return fastjson.dumps_legacy({"brokerAddrTable": brokers, "clusterAddrTable": clusters})


def member_group(cluster: str, broker_name: str, addresses: Mapping[int, str]) -> bytes:
    """RocketMQ's GetBrokerMemberGroupResponseBody, in legacy form. Names are the request's."""
    group = {"brokerAddrs": dict(addresses), "brokerName": broker_name, "cluster": cluster}
    return fastjson.dumps_legacy({"brokerMemberGroup": group})


def route(content: Mapping[str, Any], *, legacy: bool) -> bytes:
    """RocketMQ's TopicRouteData from what `core.routes.topic_route` gives; `legacy` for old clients: ids are bare."""
    if not legacy:
        return fastjson.dumps(content)
    bare: dict[str, Any] = {**content, "brokerDatas": [_with_bare_ids(data) for data in content["brokerDatas"]]}
    if "topicQueueMappingByBroker" in content:
        bare["topicQueueMappingByBroker"] = {
            name: {**mapping, "currIdMap": _by_number(mapping["currIdMap"])} if "currIdMap" in mapping else mapping
            for name, mapping in content["topicQueueMappingByBroker"].items()
        }
    return fastjson.dumps_legacy(bare)


def _with_bare_ids(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "brokerAddrs": _by_number(data["brokerAddrs"])}


def _by_number(by_text: Mapping[str, Any]) -> dict[int, Any]:
    return {int(number): value for number, value in by_text.items()}
