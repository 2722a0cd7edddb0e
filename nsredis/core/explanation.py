"""Why a topic has its route, or none: facts in, a verdict and its words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from nsredis.core.brokers import Broker, OfflineBroker
from nsredis.core.changes import Change, Removal
from nsredis.core.queues import READ, WRITE
from nsredis.core.routes import Offer

NAMED: Final = 3
"""So many groups are named in a sentence; the facts have them all."""


class Verdict(StrEnum):
    """The answer in a word."""

    NODE_NOT_READY = "node-not-ready"
    SERVED = "served"
    PARTLY_SERVED = "partly-served"  # a route, but not through all groups, or not all of them can be read and written
    READ_ONLY = "read-only"  # a route, but nobody can write to it
    WRITE_ONLY = "write-only"
    NO_PERMISSION = "no-permission"  # a route, but nobody can use it
    OTHER_ZONE = "other-zone"
    DELETED = "deleted"
    OFFLINE = "offline"  # every group that offered it is gone
    DROPPED = "dropped"  # groups that offered it are there and no longer list it
    NEVER_REGISTERED = "never-registered"
    UNKNOWN = "unknown-topic"  # as never-registered, but groups are offline of which this node does not know the topics

    @property
    def routed(self) -> bool:
        """Whether there is a route."""
        return self in (
            Verdict.SERVED,
            Verdict.PARTLY_SERVED,
            Verdict.READ_ONLY,
            Verdict.WRITE_ONLY,
            Verdict.NO_PERMISSION,
        )


class Standing(StrEnum):
    """How a group stands to the topic."""

    SERVING = "serving"
    OTHER_ZONE = "other-zone"
    DELETED = "deleted"
    DROPPED = "dropped"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Deletion:
    """An operator deleted the topic of a group. `change` is None when it is no longer kept.

    `held`: the group's next registration does not bring it back, unless it comes under another data version than
    `under`, or, where that is empty, with other topics.
    """

    change: Change | None
    held: bool = False
    under: str = ""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A group that offers the topic, or did. `dropped`: the change since which its table lacks it."""

    name: str
    cluster: str
    standing: Standing
    brokers: Sequence[Broker | OfflineBroker] = ()
    offer: Offer | None = None
    deletion: Deletion | None = None
    dropped: Change | None = None

    @property
    def readable(self) -> bool:
        """Whether consumers can use it."""
        queues = self.offer.permitted if self.offer is not None else None
        return queues is not None and bool(queues.perm & READ) and queues.read_queue_nums > 0

    @property
    def writable(self) -> bool:
        """Whether producers can: they write to masters only."""
        queues = self.offer.permitted if self.offer is not None else None
        return queues is not None and bool(queues.perm & WRITE) and queues.write_queue_nums > 0 and self.has_master

    @property
    def has_master(self) -> bool:
        """Whether the broker with id 0 is there."""
        return self.offer is not None and 0 in self.offer.group.addresses

    @property
    def missed(self) -> bool:
        """Whether somebody may look for it in the route in vain; not for one that left at its own wish."""
        if self.standing is Standing.OFFLINE:
            gone = (broker for broker in self.brokers if isinstance(broker, OfflineBroker))
            return any(broker.reason != Removal.UNREGISTERED for broker in gone)
        return self.standing is Standing.DELETED

    @property
    def why(self) -> str:
        """Why it does not serve the topic fully, in a few words; empty when it does."""
        match self.standing:
            case Standing.SERVING:
                return "; ".join(self._limits())
            case Standing.OTHER_ZONE:
                zone = self.offer.lead.zone if self.offer is not None and self.offer.lead is not None else ""
                return f"its zone is {zone}" if zone else "it has no zone"
            case Standing.DELETED:
                return _deleted(self.deletion)
            case Standing.DROPPED:
                change = self.dropped
                since = f" since revision {change.revision} ({change.kind} by {change.by})" if change else ""
                return f"it does not list the topic any more{since}"
            case _:
                return _offline(self.brokers)

    def _limits(self) -> list[str]:
        offer = self.offer
        assert offer is not None
        own, override = offer.queues, offer.group.override
        limits = []
        if own.perm & (READ | WRITE) != READ | WRITE:
            limits.append(f"it registered the topic {perm_words(own.perm)}")
        if override is not None and own.masked(override.perm) != own:
            reason = f": {override.reason}" if override.reason else ""
            limits.append(f"an override by {override.by} makes it {perm_words(own.perm & override.perm)}{reason}")
        if not self.has_master:
            acts = "a slave acts as one, so it is read-only" if offer.acting_master else "producers pass it over"
            limits.append(f"it has no master: {acts}")
        limits += [
            f"broker {broker.id} is silent, and the expiry brake keeps it in the route"
            for broker in self.brokers
            if isinstance(broker, Broker) and broker.held_at_ms
        ]
        if not (own.read_queue_nums and own.write_queue_nums):
            limits.append(f"it has {own.read_queue_nums} queues to read and {own.write_queue_nums} to write")
        return limits


def perm_words(perm: int) -> str:
    """What permission bits let clients do."""
    words = {READ | WRITE: "readable and writable", READ: "read-only", WRITE: "write-only"}
    return words.get(perm & (READ | WRITE), "neither readable nor writable")


def conclude(topic: str, groups: Sequence[GroupFacts], *, zone: str = "") -> tuple[Verdict, str]:
    """The verdict and its sentence, from the groups that offer the topic or did."""
    serving = [group for group in groups if group.standing is Standing.SERVING]
    if serving:
        return _with_route(topic, serving, [group for group in groups if group.missed])
    for standing, verdict in (
        (Standing.OTHER_ZONE, Verdict.OTHER_ZONE),
        (Standing.DELETED, Verdict.DELETED),
        (Standing.OFFLINE, Verdict.OFFLINE),
        (Standing.DROPPED, Verdict.DROPPED),
    ):
        if any(group.standing is standing for group in groups):
            where = f" for zone {zone}" if zone else ""
            first = sorted(groups, key=lambda group: group.standing is not standing)
            return verdict, f"{topic} has no route{where}: {_reasons(first)}."
    return Verdict.NEVER_REGISTERED, f"{topic} has no route: no broker lists it, and nothing tells of one that did."


def _with_route(topic: str, serving: Sequence[GroupFacts], missed: Sequence[GroupFacts]) -> tuple[Verdict, str]:
    readable, writable = any(group.readable for group in serving), any(group.writable for group in serving)
    troubled = [*(group for group in serving if group.why), *missed]
    through = f"{topic} has a route through {_names(serving)}"
    if not troubled:
        return Verdict.SERVED, f"{through}."
    because = _reasons(troubled)
    if not readable and not writable:
        return Verdict.NO_PERMISSION, f"{through}, but nobody can read or write: {because}."
    if not writable:
        return Verdict.READ_ONLY, f"{through}, but nobody can write: {because}."
    if not readable:
        return Verdict.WRITE_ONLY, f"{through}, but nobody can read: {because}."
    return Verdict.PARTLY_SERVED, f"{through}; {because}."


def _names(groups: Sequence[GroupFacts]) -> str:
    named = ", ".join(group.name for group in groups[:NAMED])
    return named + _more(groups)


def _reasons(groups: Sequence[GroupFacts]) -> str:
    told = "; ".join(f"{group.name}: {group.why}" for group in groups[:NAMED] if group.why)
    return told + _more(groups)


def _more(groups: Sequence[GroupFacts]) -> str:
    return f" and {len(groups) - NAMED} more" if len(groups) > NAMED else ""


def _deleted(deletion: Deletion | None) -> str:
    change = deletion.change if deletion is not None else None
    by = f" by {change.by} at revision {change.revision}" if change is not None else ""
    how = ""
    if deletion is not None and deletion.held:
        how = f" under another data version than {deletion.under}" if deletion.under else " together with other topics"
    return f"deleted{by}; it comes back when the group registers it{how}"


_LEFT: Final[dict[str, str]] = {
    Removal.EXPIRED: "stopped beating",
    Removal.CONNECTION_LOST: "closed its connection and its port refuses",
    Removal.MOVED: "registered under another id",
}


def _offline(brokers: Sequence[Broker | OfflineBroker]) -> str:
    gone = [broker for broker in brokers if isinstance(broker, OfflineBroker)]
    if not gone:
        return "all its brokers have left"
    last = max(gone, key=lambda broker: broker.offline_at_ms)
    did = _LEFT.get(last.reason, f"was unregistered by {last.by}")
    return f"broker {last.id}, its last, {did}"
