"""Every body of the HTTP API as a type: it checks what comes in, documents it, and reads answers in clients."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from nsredis.core.kv import MAX_VALUE
from nsredis.core.leases import DEFAULT_LEASE_MS, MAX_LEASE_MS, MIN_LEASE_MS
from nsredis.core.queues import MAX_QUEUES

MAX_BEATS: Final = 10_000
MAX_TOPICS_ASKED: Final = 1000
MAX_INT64: Final = 2**63 - 1

Count = Annotated[int, Meta(ge=0, le=MAX_INT64)]
Queues = Annotated[int, Meta(ge=0, le=MAX_QUEUES)]
Address = Annotated[str, Meta(description="host:port, an IPv6 host in brackets", examples=["10.0.0.5:10911"])]
Name = Annotated[str, Meta(min_length=1)]
Reason = Annotated[str, Meta(max_length=1024)]


class _Body(Struct, rename="camel", forbid_unknown_fields=True):
    """What a client sends: a field that we do not know is an error, so that no slip of the pen goes unseen."""


class _Answer(Struct, rename="camel", omit_defaults=True):
    """What we send. Clients read answers of later releases too, so fields that are not known are overlooked."""


# Brokers --------------------------------------------------------------------------------------------------------------


class DataVersionBody(_Body):
    """RocketMQ's version of a broker's topic table."""

    state_version: Count = 0
    timestamp: Count = 0
    counter: Count = 0


class QueueDataBody(_Body):
    """What a broker offers for one topic. `perm` is the sum of 4 (read), 2 (write) and 1 (inherit)."""

    read_queue_nums: Queues = 8
    write_queue_nums: Queues = 8
    perm: Annotated[int, Meta(ge=0, le=15)] = 6
    topic_sys_flag: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class RegisterBody(_Body):
    """A registration. `topics` is the whole table: topics that it lacks are dropped; without it what is known stays."""

    address: Address
    ha_address: Address | None = None
    lease_ms: Annotated[int, Meta(ge=MIN_LEASE_MS, le=MAX_LEASE_MS)] = DEFAULT_LEASE_MS
    instance: Annotated[
        str, Meta(max_length=255, description="any text, one per process: a new one is a new epoch")
    ] = ""
    epoch: Annotated[Count | None, Meta(description="must be the current one")] = None
    zone: Annotated[str, Meta(max_length=255)] = ""
    enable_acting_master: bool = False
    data_version: DataVersionBody | None = None
    topics: dict[str, QueueDataBody] | None = None


class RegisteredAnswer(_Answer):
    """Beat every `heartbeatMs`. A slave also hears of its master."""

    cluster: str
    broker_name: str
    broker_id: int
    epoch: int
    lease_ms: int
    heartbeat_ms: int
    revision: int
    master_address: str = ""
    ha_address: str = ""


class PatchTopicsBody(_Body):
    """Topics to set and topics to take away; all others stay."""

    put: dict[str, QueueDataBody] = {}
    delete: list[str] = []


class RevisionAnswer(_Answer):
    """The revision that has the change."""

    revision: int


class HeartbeatBody(_Body):
    """A heartbeat; the epoch fences beats of an older incarnation."""

    epoch: Count | None = None


class HeartbeatItem(_Body):
    """One of many heartbeats."""

    cluster: Name
    broker_name: Name
    broker_id: Count
    epoch: Count | None = None


class HeartbeatsBody(_Body):
    """Many heartbeats at once."""

    brokers: Annotated[list[HeartbeatItem], Meta(max_length=MAX_BEATS)]


class HeartbeatOutcome(_Answer):
    """What a heartbeat of its own would have been answered: 204, or a problem's status, code and detail."""

    status: int
    code: str = ""
    detail: str = ""


class HeartbeatsAnswer(_Answer):
    """The outcomes in the order of the request."""

    items: list[HeartbeatOutcome]


class OverrideBody(_Body):
    """Only the permission bits `perm` are left to the group until the override is lifted, or for `expiresInMs`."""

    perm: Annotated[int, Meta(ge=0, le=7)]
    reason: Reason = ""
    expires_in_ms: Annotated[int, Meta(ge=1, le=366 * 86_400_000)] | None = None


class OverrideInfo(_Answer):
    """An override that holds."""

    perm: int
    reason: str = ""
    by: str = ""
    set_at_ms: int = 0
    expires_at_ms: int | None = None


class BrokerInfo(_Answer):
    """A broker. An offline one has `reason`, `by`, `offlineAtMs` and `lastBeatMs`.

    A suspect is in the routes as before; its connection closed at `suspectSinceMs`, and it has not beaten since. So is
    one that the brake has held since `heldSinceMs`: it goes at `heldUntilMs` at the latest.

    With `live=1` also what Redis knows of its lease now: null while Redis is away.
    """

    cluster: str
    broker_name: str
    broker_id: int
    state: Literal["online", "suspect", "offline"]
    address: str
    epoch: int
    revision: int
    ha_address: str = ""
    zone: str = ""
    enable_acting_master: bool | None = None
    lease_ms: int | None = None
    registered_at_ms: int | None = None
    instance: str = ""
    data_version: DataVersionBody | None = None
    override: OverrideInfo | None = None
    suspect_since_ms: int | None = None
    held_since_ms: int | None = None
    held_until_ms: int | None = None
    reason: str = ""
    by: str = ""
    offline_at_ms: int | None = None
    last_beat_ms: int | None = None
    lease_left_ms: int | None = None


class BrokersAnswer(_Answer, omit_defaults=False):
    """Brokers sorted by cluster, name and id."""

    items: list[BrokerInfo]
    next: str | None = None


# Routes, topics, clusters ---------------------------------------------------------------------------------------------


class BrokerData(_Answer):
    """RocketMQ's BrokerData: a group's addresses by id."""

    broker_addrs: dict[str, str]
    broker_name: str
    cluster: str
    enable_acting_master: bool
    zone_name: str = ""


class QueueData(_Answer):
    """RocketMQ's QueueData: a group's queues for the topic."""

    broker_name: str
    perm: int
    read_queue_nums: int
    topic_sys_flag: int
    write_queue_nums: int


class RouteAnswer(_Answer):
    """RocketMQ's TopicRouteData."""

    broker_datas: list[BrokerData]
    filter_server_table: dict[str, Any]
    queue_datas: list[QueueData]
    order_topic_conf: str = ""


class RoutesAnswer(_Answer):
    """Routes by topic; null where there is none."""

    items: dict[str, RouteAnswer | None]


class TopicsAnswer(_Answer, omit_defaults=False):
    """Topics in the order of their names."""

    items: list[str]
    next: str | None = None


class ClusterInfo(_Answer):
    """A cluster and its groups."""

    cluster: str
    broker_datas: list[BrokerData]


class ClustersAnswer(_Answer, omit_defaults=False):
    """Clusters in the order of their names."""

    items: list[ClusterInfo]
    next: str | None = None


# Operations -----------------------------------------------------------------------------------------------------------


class KvBody(_Body):
    """A value to set."""

    value: Annotated[str, Meta(max_length=MAX_VALUE)]


class KvInfo(_Answer):
    """A key with its value; `revision` is that of its last change."""

    namespace: str
    key: str
    value: str
    revision: int


class KvNamespaceAnswer(_Answer, omit_defaults=False):
    """The keys of a namespace in order."""

    items: list[KvInfo]
    next: str | None = None


class KvNamespacesAnswer(_Answer, omit_defaults=False):
    """The KV namespaces that have a key, in the order of their names."""

    items: list[str]
    next: str | None = None


class EventInfo(_Answer, omit_defaults=False):
    """One change. Subjects are such as `broker:broker-a/0`, `table:broker-a`, `kv:ORDER_TOPIC_CONFIG`."""

    revision: int
    at_ms: int
    kind: str
    subjects: list[str]
    by: str
    why: str


class EventsAnswer(_Answer, omit_defaults=False):
    """Changes, oldest first; `next` is the `after` of the next page."""

    items: list[EventInfo]
    next: str | None = None


class Problem(_Answer):
    """An error (RFC 9457). `code` is stable; `field` names what breaks a rule; `reason` says why there is no route."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    revision: int
    field: str = ""
    reason: str = ""
