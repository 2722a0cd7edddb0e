"""Bodies of the API for why a topic has its route, or none."""

from typing import Literal

from msgspec import Struct

from nsredis.wire.api_types import BrokerInfo, EventInfo, OverrideInfo


class _Fact(Struct, rename="camel", omit_defaults=True):
    """What has nothing to tell is left out."""


class DeletionInfo(_Fact):
    """An operator deleted the topic of a group; `by` and the like are left out when that change is no longer kept.

    `held`: the group's next registration does not bring it back, unless it comes under another data version than
    `heldUnder`, or, where that is left out, with other topics.
    """

    held: bool
    held_under: str = ""
    by: str = ""
    at_ms: int | None = None
    revision: int | None = None


class TopicGroupInfo(_Fact):
    """A group that offers the topic, or did; `why` says why it does not serve it fully.

    Permissions and queues are there while it lists the topic: `registeredPerm` is the group's own, `servedPerm` what
    clients see. `readable`, `writable`: whether clients can use it; producers also need a master.
    """

    broker_name: str
    cluster: str
    standing: Literal["serving", "other-zone", "deleted", "dropped", "offline"]
    readable: bool
    writable: bool
    brokers: list[BrokerInfo]
    why: str = ""
    registered_perm: int | None = None
    served_perm: int | None = None
    read_queue_nums: int | None = None
    write_queue_nums: int | None = None
    override: OverrideInfo | None = None
    deletion: DeletionInfo | None = None
    dropped: EventInfo | None = None


class MemoryInfo(_Fact, omit_defaults=False):
    """How far back this node can tell: changes are kept, and topic tables were seen, from these revisions on.

    `allChanges`: no change is missing.
    """

    changes_from_revision: int
    changes_from_ms: int
    all_changes: bool
    tables_from_revision: int
    tables_from_ms: int


class AnsweringNode(_Fact, omit_defaults=False):
    """The node that answers. `problem` says why it is not ready; `staleMs` is 0 while it follows Redis."""

    id: str
    ready: bool
    problem: str
    revision: int
    stale_ms: int
    store_reachable: bool


class ExplainAnswer(_Fact):
    """Why a topic has its route, or none: a verdict, a sentence, and the facts behind them.

    `groupsLeftOut`: groups beyond the most that are told of. `changes`: kept changes that name the topic, newest first.
    `unknownGroups`: offline, and this node does not know what they offered. `similar`: topics with such a name.
    """

    topic: str
    verdict: Literal[
        "node-not-ready",
        "served",
        "partly-served",
        "read-only",
        "write-only",
        "no-permission",
        "other-zone",
        "deleted",
        "offline",
        "dropped",
        "never-registered",
        "unknown-topic",
    ]
    summary: str
    route: bool
    node: AnsweringNode
    zone: str = ""
    groups: list[TopicGroupInfo] = []
    groups_left_out: int = 0
    changes: list[EventInfo] = []
    unknown_groups: list[str] = []
    similar: list[str] = []
    memory: MemoryInfo | None = None
