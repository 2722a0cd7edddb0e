"""From what each thing costs to what a number of brokers and topics needs."""

import math
from dataclasses import dataclass
from typing import Final

from nsredis.bench.capacity.figures import MIB, Costs
from nsredis.bench.capacity.footprint import COPIES
from nsredis.core.leases import DEFAULT_LEASE_MS, heartbeat_ms

NODES: Final = 3
FREE: Final = 0.5
"""The part of what was measured that is left free."""

HEARTBEAT_S: Final = heartbeat_ms(DEFAULT_LEASE_MS) / 1000
REGISTER_S: Final = 30.0
"""RocketMQ's registerNameServerPeriod."""

ROWS: Final = (
    (10, 1_000),
    (100, 10_000),
    (1_000, 10_000),
    (1_000, 100_000),
    (10_000, 100_000),
    (25_000, 200_000),
    (100_000, 1_000_000),
)
"""Brokers and topics."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What so many brokers and topics need. Shares are parts of one core."""

    brokers: int
    topics: int
    namespaces: int
    beats: float
    """A second, all together."""
    store_mib: float
    store_share: float
    node_mib: float
    """Of one node, which serves one namespace."""
    node_share: float
    mbit: float
    """Megabits a second between nodes and stores."""
    registrations: float
    """A second, where they are RocketMQ's brokers."""
    registering_store: float
    registering_node: float
    registering_mbit: float
    """Megabits a second from brokers to nodes."""


def most_brokers(costs: Costs) -> int:
    """How many brokers a namespace is planned for."""
    beating = costs.knee * HEARTBEAT_S
    return int(min(costs.brokers.most, beating) * FREE)


def most_topics(costs: Costs) -> int:
    """How many topics a namespace is planned for."""
    return int(costs.topics.most * FREE)


def plan(costs: Costs, brokers: int, topics: int) -> Plan:
    """What so many brokers need, and so many topics together."""
    namespaces = max(1, math.ceil(brokers / most_brokers(costs)), math.ceil(topics / most_topics(costs)))
    offers = topics * COPIES
    beats, registrations = brokers / HEARTBEAT_S, brokers * NODES / REGISTER_S
    in_store = brokers * costs.broker_bytes + offers * costs.topic_bytes + namespaces * costs.stream_bytes
    in_node = (brokers * costs.node_broker_bytes + offers * costs.node_topic_bytes) / namespaces
    return Plan(
        brokers,
        topics,
        namespaces,
        beats,
        store_mib=in_store / MIB,
        store_share=beats * costs.beat_store_us / 1e6,
        node_mib=costs.node_empty_mib + in_node / MIB,
        node_share=beats * costs.beat_node_us / 1e6 / namespaces / NODES,
        mbit=8 * beats * costs.beat_bytes / 1e6,
        registrations=registrations,
        registering_store=registrations * costs.registration_store_us / 1e6,
        registering_mbit=8 * registrations * offers / brokers * costs.topic_frame_bytes / 1e6,
        registering_node=registrations * costs.registration_node_us / 1e6 / namespaces / NODES,
    )
