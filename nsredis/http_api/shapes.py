"""Our objects in the words of the API."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from nsredis.core.brake import held_until_ms
from nsredis.core.brokers import Broker, BrokerKey, DataVersion, Lease, OfflineBroker, Override
from nsredis.core.changes import Change
from nsredis.core.kv import KvEntry
from nsredis.core.names import decode
from nsredis.core.node_info import LostNode
from nsredis.core.node_info import NodeInfo as Node
from nsredis.core.queues import QueueData
from nsredis.service.query_service import BrakeStatus
from nsredis.view.answers import Answer
from nsredis.wire.api_types import (
    BrokerInfo,
    DataVersionBody,
    EventInfo,
    KvInfo,
    OverrideInfo,
    QueueDataBody,
)
from nsredis.wire.brake_types import BrakeInfo, HeldBroker
from nsredis.wire.node_types import LostNodeInfo, NodeInfo

HELD_SHOWN: Final = 1000


def encode(answer: msgspec.Struct) -> Answer:
    """A body as bytes with sorted keys, and its ETag."""
    return Answer.of(msgspec.to_builtins(answer))


def data_version(body: DataVersionBody | None) -> DataVersion | None:
    """RocketMQ's data version, as it came in."""
    return DataVersion(body.state_version, body.timestamp, body.counter) if body is not None else None


def queues(topics: Mapping[str, QueueDataBody]) -> dict[str, QueueData]:
    """Queue data by topic, as it came in."""
    return {
        topic: QueueData(body.read_queue_nums, body.write_queue_nums, body.perm, body.topic_sys_flag)
        for topic, body in topics.items()
    }


def broker_info(broker: Broker | OfflineBroker, override: Override | None = None) -> BrokerInfo:
    """A broker, online or offline."""
    if isinstance(broker, OfflineBroker):
        return BrokerInfo(
            cluster=broker.cluster,
            broker_name=broker.name,
            broker_id=broker.id,
            state="offline",
            address=broker.address,
            epoch=broker.epoch,
            revision=broker.revision,
            ha_address=broker.ha_address,
            zone=broker.zone,
            reason=broker.reason,
            by=broker.by,
            offline_at_ms=broker.offline_at_ms,
            last_beat_ms=broker.last_beat_ms,
        )
    version = broker.data_version
    return BrokerInfo(
        cluster=broker.cluster,
        broker_name=broker.name,
        broker_id=broker.id,
        state="suspect" if broker.suspect_at_ms else "online",
        address=broker.address,
        epoch=broker.epoch,
        revision=broker.revision,
        ha_address=broker.ha_address,
        zone=broker.zone,
        enable_acting_master=broker.acting_master,
        lease_ms=broker.lease_ms,
        registered_at_ms=broker.registered_at_ms,
        instance=broker.instance,
        data_version=DataVersionBody(version.state_version, version.timestamp, version.counter) if version else None,
        override=override_info(override),
        suspect_since_ms=broker.suspect_at_ms or None,
        held_since_ms=broker.held_at_ms or None,
        held_until_ms=held_until_ms(broker) if broker.held_at_ms else None,
    )


def override_info(override: Override | None) -> OverrideInfo | None:
    """An override that holds."""
    if override is None:
        return None
    return OverrideInfo(override.perm, override.reason, override.by, override.set_at_ms, override.expires_at_ms)


def with_lease(info: BrokerInfo, key: BrokerKey, leases: Mapping[BrokerKey, Lease] | None) -> dict[str, Any]:
    """A broker with its live lease; null where Redis does not say."""
    content: dict[str, Any] = msgspec.to_builtins(info)
    lease = leases.get(key) if leases is not None else None
    content["leaseLeftMs"] = lease.left_ms if lease is not None else None
    if info.state != "offline":
        content["lastBeatMs"] = lease.last_beat_ms if lease is not None else None
    return content


def brake_info(status: BrakeStatus) -> BrakeInfo:
    """The brake of a cluster."""
    brake, held = status.brake, status.held
    return BrakeInfo(
        cluster=status.cluster,
        state="released" if brake is None else "letting-go" if brake.let_go_at_ms else "holding",
        held_count=len(held),
        held=[
            HeldBroker(broker.name, broker.id, broker.address, broker.held_at_ms, held_until_ms(broker))
            for broker in held[:HELD_SHOWN]
        ],
        since_ms=brake.since_ms if brake is not None else None,
        why=brake.why if brake is not None else "",
        by=brake.by if brake is not None else "",
        let_go_at_ms=(brake.let_go_at_ms or None) if brake is not None else None,
        let_go_by=brake.let_go_by if brake is not None else "",
        held_until_ms=max(map(held_until_ms, held), default=None),
    )


def kv_info(entry: KvEntry) -> KvInfo:
    """A key with its value."""
    return KvInfo(entry.namespace, entry.key, entry.value, entry.revision)


def event_infos(changes: Iterable[Change]) -> list[EventInfo]:
    """Changes, with the names in their subjects as people write them."""
    return [
        EventInfo(
            change.revision, change.at_ms, change.kind, [decode(row) for row in change.subjects], change.by, change.why
        )
        for change in changes
    ]


def lost_node_info(node: LostNode) -> LostNodeInfo:
    """A name server node that fell silent."""
    return LostNodeInfo(
        id=node.id, http=node.http, remoting=node.remoting, version=node.version, last_seen_ms=node.last_seen_ms
    )


def node_info(node: Node) -> NodeInfo:
    """A name server node."""
    return NodeInfo(
        id=node.id,
        http=node.http,
        remoting=node.remoting,
        ready=node.ready,
        revision=node.revision,
        lag_ms=node.lag_ms,
        version=node.version,
        started_at_ms=node.started_at_ms,
    )
