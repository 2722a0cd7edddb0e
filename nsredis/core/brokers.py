"""Brokers, broker groups and what is remembered of a broker that went offline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from nsredis.core.queues import QueueData


class BrokerKey(NamedTuple):
    """One replica: the name of its group and its id (0 is the master)."""

    name: str
    id: int


class Incarnation(NamedTuple):
    """One life of a broker at one address."""

    key: BrokerKey
    address: str
    epoch: int


class Sighting(NamedTuple):
    """What the store last heard of a broker: fences a judgement, which counts only while none of it has moved."""

    cluster: str
    incarnation: Incarnation
    beat_ms: int


@dataclass(frozen=True, slots=True)
class DataVersion:
    """RocketMQ's version of a broker's topic table; equal when all three are equal."""

    state_version: int = 0
    timestamp: int = 0
    counter: int = 0


@dataclass(frozen=True, slots=True)
class Broker:
    """A registered broker as every node knows it. `owner` is the node that last registered it.

    `suspect_at_ms` is when a node saw its connection close; 0 once it has beaten since. `held_at_ms` is since when the
    expiry brake holds it although its lease has lapsed; 0 otherwise.
    """

    cluster: str
    name: str
    id: int
    address: str
    epoch: int
    lease_ms: int
    registered_at_ms: int
    revision: int
    ha_address: str = ""
    instance: str = ""
    data_version: DataVersion | None = None
    zone: str = ""
    acting_master: bool = False
    owner: str = ""
    filter_servers: tuple[str, ...] = ()
    suspect_at_ms: int = 0
    held_at_ms: int = 0

    @property
    def key(self) -> BrokerKey:
        return BrokerKey(self.name, self.id)


@dataclass(frozen=True, slots=True)
class OfflineBroker:
    """What is remembered for a day of a broker that is gone. `reason` is a slug of `core.changes.Removal`."""

    cluster: str
    name: str
    id: int
    address: str
    epoch: int
    reason: str
    by: str
    offline_at_ms: int
    last_beat_ms: int
    ha_address: str = ""
    zone: str = ""
    revision: int = 0

    @property
    def key(self) -> BrokerKey:
        return BrokerKey(self.name, self.id)


@dataclass(frozen=True, slots=True)
class Override:
    """An operator's limit on a group: only the permission bits `perm` remain while it holds."""

    perm: int
    reason: str = ""
    by: str = ""
    set_at_ms: int = 0
    expires_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """The replicas that share a brokerName."""

    name: str
    cluster: str
    addresses: Mapping[int, str] = field(default_factory=dict)
    override: Override | None = None
    revision: int = 0


class TopicBody(Protocol):
    """The topics of a registration, decoded only when the store does not know this very body."""

    @property
    def digest(self) -> str:
        """Equal for equal bodies: a hash of the bytes and of the data version."""

    def decode(self, known: Mapping[str, QueueData]) -> Mapping[str, QueueData]:
        """The topics, perhaps without those that stand in `known` just so; raises InvalidField.

        Names and queue data are shared (`core.queues.shared`), and the mapping changes no more: a table may keep it.
        """

    def mappings(self) -> Mapping[str, str]:
        """RocketMQ's TopicQueueMappingInfo of each static topic, as JSON."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a broker says of itself. `topics` None keeps the table that is known, `filter_servers` None those.

    `foreign`: it came over remoting, so that names need not follow the rules of this API.
    """

    cluster: str
    name: str
    id: int
    address: str
    ha_address: str = ""
    instance: str = ""
    epoch: int | None = None
    data_version: DataVersion | None = None
    lease_ms: int | None = None
    zone: str = ""
    acting_master: bool = False
    filter_servers: tuple[str, ...] | None = None
    topics: TopicBody | None = None
    replaces_table: bool = True
    foreign: bool = False

    @property
    def key(self) -> BrokerKey:
        return BrokerKey(self.name, self.id)


@dataclass(frozen=True, slots=True)
class Registered:
    """The answer to a registration. `created` when this broker was not registered before."""

    created: bool
    changed: bool
    epoch: int
    lease_ms: int
    revision: int
    master_address: str = ""
    master_ha_address: str = ""


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat; without an epoch it must match the address, where one is given."""

    cluster: str
    name: str
    id: int
    epoch: int | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The live state of a lease, read from Redis."""

    left_ms: int
    last_beat_ms: int | None
