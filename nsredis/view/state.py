"""Everything a node knows of its namespace at one revision, with the indexes that answers need."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from nsredis.core.brake import Brake
from nsredis.core.brokers import Broker, BrokerKey, Group, OfflineBroker
from nsredis.core.changes import Change
from nsredis.core.kv import KvEntry
from nsredis.core.namespace_settings import NamespaceSettings
from nsredis.core.queues import QueueData
from nsredis.core.routes import ORDER_NAMESPACE, Offer
from nsredis.registry.tables import Table
from nsredis.view.answers import Answer
from nsredis.view.former_offers import FormerOffers
from nsredis.view.shared_answers import SharedAnswers
from nsredis.view.table_change import TableChange

EVENTS_KEPT: Final = 10_000

GROUP_NAMES_KEPT: Final = 250_000
"""In the sets of groups that topics share. Groups of one topic that come one by one leave each set on the way."""


@dataclass(slots=True)
class Dirty:
    """What a batch of changes touched."""

    topics: list[Iterable[str]] = field(default_factory=list)
    """One may stand there several times."""
    brokers: set[str] = field(default_factory=set)
    kv: set[str] = field(default_factory=set)
    topic_list: bool = False
    groups: bool = False
    settings: bool = False
    brakes: bool = False


class State:
    """Rows by name, and topics by group and groups by topic. Written by the follower only, without an await."""

    def __init__(self, revision: int = 0, tag: str = "") -> None:
        self.position = (revision, tag)
        """Revision and tag: another tuple whenever anything may have changed, as some compare it by identity."""
        self.brokers: dict[BrokerKey, Broker] = {}
        self.suspects: set[BrokerKey] = set()
        self.held: set[BrokerKey] = set()
        self.brakes: dict[str, Brake] = {}
        self.offline: dict[BrokerKey, OfflineBroker] = {}
        self.groups: dict[str, Group] = {}
        self.tables: dict[str, Table] = {}
        self.kv: dict[str, dict[str, KvEntry]] = {}
        self.settings = NamespaceSettings()
        self.settings_row: dict[str, str] = {}
        self.changes: deque[Change] = deque(maxlen=EVENTS_KEPT)
        self.answers: dict[str, Answer] = {}
        self.legacy_answers: dict[str, bytes] = {}
        self.alike = SharedAnswers()
        self.group_lists: dict[str, bytes] = {}
        self.topic_lists: dict[str, bytes] = {}
        self.former = FormerOffers()
        self.dirty = Dirty()
        self._offered_by: dict[str, tuple[str, ...]] = {}
        self._sorted_topics: list[str] | None = None
        self._group_sets: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._group_names = 0

    @property
    def revision(self) -> int:
        """The number of changes that it holds, of those that the namespace ever had."""
        return self.position[0]

    @property
    def tag(self) -> str:
        """What tells apart two histories that came to the same revision."""
        return self.position[1]

    # Rows ---------------------------------------------------------------------------------------------------------

    def set_broker(self, key: BrokerKey, broker: Broker | None) -> None:
        """A broker's record as it is now, None when it left."""
        old = self.brokers.get(key)
        if broker is None:
            self.brokers.pop(key, None)
        else:
            self.brokers[key] = broker
        marked = (broker.suspect_at_ms, broker.held_at_ms) if broker is not None else (0, 0)
        for keys, mark in zip((self.suspects, self.held), marked, strict=True):
            (keys.add if mark else keys.discard)(key)
        self.dirty.brokers.add(f"broker:{key.name}/{key.id}")
        if old is None or broker is None or _shown(old) != _shown(broker):
            self._group_changed(key.name)

    def set_offline(self, key: BrokerKey, offline: OfflineBroker | None) -> None:
        """What is remembered of a broker that left, None when that is forgotten."""
        if offline is None:
            self.offline.pop(key, None)
        else:
            self.offline[key] = offline
        self.dirty.brokers.add(f"broker:{key.name}/{key.id}")

    def set_group(self, name: str, group: Group | None) -> None:
        """A group as it is now, None when it is gone."""
        if group is None:
            self.groups.pop(name, None)
        else:
            self.groups[name] = group
        for key in self._members(name):
            self.dirty.brokers.add(f"broker:{key.name}/{key.id}")
        self._group_changed(name)

    def set_table(self, change: TableChange) -> None:
        """A group's table as it is now."""
        name = change.name
        self.former.changed(name, self.tables.get(name), change.table, change.removed)
        self.former.offered_again(name, change.added)
        if change.table is None:
            self.tables.pop(name, None)
        else:
            self.tables[name] = change.table
        self._offer(change.added, lambda names: sorted({*names, name}))
        self._offer(change.removed, lambda names: (other for other in names if other != name))
        for topics in (change.added, change.removed, change.altered):
            self._routes_changed(topics)
        if change.added or change.removed:
            self.dirty.topic_list = True
            self._sorted_topics = None
        self.topic_lists.clear()

    def set_kv(self, namespace: str, entries: dict[str, KvEntry]) -> None:
        """A KV namespace as it is now; empty when it is gone."""
        if entries:
            self.kv[namespace] = entries
        else:
            self.kv.pop(namespace, None)
        self.dirty.kv.add(namespace)
        if namespace == ORDER_NAMESPACE and self.settings.order_message_enable:
            self._routes_changed(list(self._offered_by))

    def set_brake(self, cluster: str, brake: Brake | None) -> None:
        """The brake of a cluster, None when it is not engaged."""
        if brake is None:
            self.brakes.pop(cluster, None)
        else:
            self.brakes[cluster] = brake
        self.dirty.brakes = True

    def set_settings(self, row: dict[str, str]) -> None:
        """The namespace's settings as they are now."""
        self.settings_row = row
        self.settings = NamespaceSettings.parse(row)
        self.dirty.settings = True
        self.alike.clear()
        self._routes_changed(list(self._offered_by))

    def take_dirty(self) -> Dirty:
        """What changed since the last call."""
        dirty, self.dirty = self.dirty, Dirty()
        return dirty

    def _members(self, name: str) -> Iterable[BrokerKey]:
        group = self.groups.get(name)
        return (BrokerKey(name, broker_id) for broker_id in group.addresses) if group else ()

    def _group_changed(self, name: str) -> None:
        self.dirty.groups = True
        self.group_lists.clear()
        self.alike.clear()
        table = self.tables.get(name)
        if table is not None:
            self._routes_changed(table.topics)

    def _routes_changed(self, topics: Iterable[str]) -> None:
        self.dirty.topics.append(topics)
        for answers in (self.answers, self.legacy_answers):
            if answers:
                for topic in topics:
                    answers.pop(topic, None)

    def _offer(self, topics: Iterable[str], change: Callable[[tuple[str, ...]], Iterable[str]]) -> None:
        """Change by which groups these topics are offered; most of them alike."""
        changed: dict[tuple[str, ...], tuple[str, ...]] = {}
        for topic in topics:
            before = self._offered_by.get(topic, ())
            after = changed.get(before)
            if after is None:
                after = changed[before] = self._shared(change(before))
            if after:
                self._offered_by[topic] = after
            else:
                self._offered_by.pop(topic, None)

    def _shared(self, names: Iterable[str]) -> tuple[str, ...]:
        """One tuple for equal sets of groups: there are few, over many topics."""
        key = tuple(names)
        known = self._group_sets.get(key)
        if known is None:
            if self._group_names + len(key) > GROUP_NAMES_KEPT:
                self._group_sets.clear()
                self._group_names = 0
            self._group_names += len(key)
            known = self._group_sets[key] = key
        return known

    # Questions ----------------------------------------------------------------------------------------------------

    def topics(self) -> Collection[str]:
        """Every topic that a group offers, unsorted."""
        return self._offered_by

    def sorted_topics(self) -> Sequence[str]:
        """The same, sorted: kept until a topic comes or goes."""
        if self._sorted_topics is None:
            self._sorted_topics = sorted(self._offered_by)
        return self._sorted_topics

    def offers(self, topic: str) -> list[Offer]:
        """What each group offers for a topic, sorted by brokerName."""
        offers = []
        for name in self._offered_by.get(topic, ()):
            group = self.groups.get(name)
            if group is not None:
                table = self.tables[name]
                mapping = table.mappings.get(topic, "") if table.mappings else ""
                offers.append(Offer(group, self.lead(group), table.topics[topic], mapping, self._filters(group)))
        return offers

    def first_queues(self, topic: str) -> QueueData | None:
        """The queue data of the first group (by brokerName) that offers a topic."""
        names = self._offered_by.get(topic, ())
        return self.tables[names[0]].topics[topic] if names else None

    def _filters(self, group: Group) -> dict[str, tuple[str, ...]]:
        """Filter servers by the addresses of a group's brokers."""
        members = (self.brokers.get(BrokerKey(group.name, broker_id)) for broker_id in group.addresses)
        return {broker.address: broker.filter_servers for broker in members if broker and broker.filter_servers}

    def lead(self, group: Group) -> Broker | None:
        """The record of a group's lowest id."""
        return self.brokers.get(BrokerKey(group.name, next(iter(group.addresses)))) if group.addresses else None


def _shown(broker: Broker) -> tuple[object, ...]:
    """What of a broker's record stands in routes."""
    return broker.zone, broker.acting_master, broker.filter_servers
