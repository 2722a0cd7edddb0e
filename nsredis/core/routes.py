"""Routes: RocketMQ's TopicRouteData put together from groups, queue data and settings."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from nsredis.core.brokers import Broker, Group
from nsredis.core.namespace_settings import NamespaceSettings
from nsredis.core.queues import WRITE, QueueData

ORDER_NAMESPACE: Final = "ORDER_TOPIC_CONFIG"
"""The KV namespace in which RocketMQ keeps the queue order of ordered topics."""

_SYNC_MEMBER_TOPIC: Final = "rmq_sys_SYNC_BROKER_MEMBER_"


class Absence(StrEnum):
    """Why a topic has no route."""

    UNKNOWN = "unknown-topic"
    DELETED = "deleted"
    OTHER_ZONE = "other-zone"


@dataclass(frozen=True, slots=True)
class Offer:
    """What one group offers for a topic. `lead` is the record of its lowest id, which speaks for the group.

    `mapping`: RocketMQ's TopicQueueMappingInfo, as JSON, when the topic is static; `filter_servers` by address.
    """

    group: Group
    lead: Broker | None
    queues: QueueData
    mapping: str = ""
    filter_servers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def acting_master(self) -> bool:
        return self.lead is not None and self.lead.acting_master

    @property
    def permitted(self) -> QueueData:
        """The queues as clients may use them: under the operator's override, read-only without a master."""
        queues = self.queues
        if self.group.override is not None:
            queues = queues.masked(self.group.override.perm)
        if self.acting_master and 0 not in self.group.addresses:
            queues = queues.masked(~WRITE)
        return queues


def broker_data(group: Group, lead: Broker | None) -> dict[str, Any]:
    """RocketMQ's BrokerData; zoneName only when there is one."""
    data: dict[str, Any] = {
        "brokerAddrs": {str(broker_id): address for broker_id, address in group.addresses.items()},
        "brokerName": group.name,
        "cluster": group.cluster,
        "enableActingMaster": lead is not None and lead.acting_master,
    }
    if lead is not None and lead.zone:
        data["zoneName"] = lead.zone
    return data


def topic_route(
    topic: str, offers: Iterable[Offer], settings: NamespaceSettings, *, order_conf: str | None = None
) -> dict[str, Any] | None:
    """The route of a topic from offers sorted by brokerName; None when no group with an address offers it."""
    brokers, queues = [], []
    filters: dict[str, list[str]] = {}
    mappings: dict[str, Any] = {}
    for offer in offers:
        if not offer.group.addresses:
            continue
        row = offer.permitted
        data = broker_data(offer.group, offer.lead)
        if _acts_as_master(topic, offer, row, settings):
            lowest = min(offer.group.addresses)
            data["brokerAddrs"]["0"] = data["brokerAddrs"].pop(str(lowest))
        brokers.append(data)
        filters.update((address, list(servers)) for address, servers in offer.filter_servers.items())
        if offer.mapping:
            mappings[offer.group.name] = json.loads(offer.mapping)
        queues.append(
            {
                "brokerName": offer.group.name,
                "perm": row.perm,
                "readQueueNums": row.read_queue_nums,
                "topicSysFlag": row.topic_sys_flag,
                "writeQueueNums": row.write_queue_nums,
            }
        )
    if not brokers:
        return None
    route: dict[str, Any] = {"brokerDatas": brokers, "filterServerTable": filters, "queueDatas": queues}
    if mappings:
        route["topicQueueMappingByBroker"] = mappings
    if settings.order_message_enable and order_conf is not None:
        route["orderTopicConf"] = order_conf
    return route


def is_plain(topic: str, offers: Iterable[Offer]) -> bool:
    """Whether all topics with these groups and queues have this topic's route, unless one has an order of its own."""
    return not topic.startswith(_SYNC_MEMBER_TOPIC) and not any(offer.mapping for offer in offers)


def _acts_as_master(topic: str, offer: Offer, queues: QueueData, settings: NamespaceSettings) -> bool:
    """Whether clients see the lowest slave as a read-only master (RocketMQ's slave acting master)."""
    return (
        settings.support_acting_master
        and offer.acting_master
        and 0 not in offer.group.addresses
        and not queues.perm & WRITE
        and not topic.startswith(_SYNC_MEMBER_TOPIC)
    )


def in_zone(offers: Sequence[Offer], zone: str) -> list[Offer]:
    """The offers that a client of `zone` keeps: its own zone's, and those of groups without a master (as in Java)."""
    return [
        offer
        for offer in offers
        if 0 not in offer.group.addresses or (offer.lead is not None and offer.lead.zone.lower() == zone.lower())
    ]
