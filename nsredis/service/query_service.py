"""What clients ask, answered from memory."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import orjson

from nsredis.core.brake import Brake
from nsredis.core.brokers import Broker, BrokerKey, Group, OfflineBroker
from nsredis.core.changes import Change
from nsredis.core.errors import (
    BrokerNotFound,
    HistoryTrimmed,
    NotFound,
    NotReady,
    TopicNotFound,
)
from nsredis.core.kv import KvEntry
from nsredis.core.namespace_settings import NamespaceSettings
from nsredis.core.routes import ORDER_NAMESPACE, Absence, Offer, broker_data, in_zone, is_plain, topic_route
from nsredis.registry.change_feed import ChangeFeed
from nsredis.service import freshness
from nsredis.view.answers import Answer, compact
from nsredis.view.state import State
from nsredis.view.subscriptions import Subscription
from nsredis.view.view import View
from nsredis.wire import bodies

NOWHERE: Final = (0, "")
"""The position of a node without a view."""


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """A cluster with its groups in RocketMQ's words, sorted by brokerName."""

    cluster: str
    broker_datas: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BrakeStatus:
    """A cluster's brake and whom it holds. Without a brake it is released, and those still held have a last lease."""

    cluster: str
    brake: Brake | None
    held: list[Broker]


class QueryService:
    """Reads of this node's view. All raise NotReady while there is none; `problem` says why, for people."""

    def __init__(self, view: View, feed: ChangeFeed, problem: Callable[[], str]) -> None:
        self._view = view
        self._feed = feed
        self._problem = problem

    def _state(self) -> State:
        state = self._view.state
        if state is None:
            raise NotReady(f"this node holds no view yet: {self._problem()}")
        return state

    @property
    def revision(self) -> int:
        """The revision that this node's view has applied; 0 without a view."""
        return self._view.revision

    @property
    def position(self) -> tuple[int, str]:
        """Revision and tag of this node's view: while it is the same object, all answers are the same."""
        state = self._view.state
        return state.position if state is not None else NOWHERE

    @property
    def settings(self) -> NamespaceSettings:
        """The namespace's settings."""
        return self._state().settings

    def group_list(self, name: str, build: Callable[[], bytes]) -> bytes:
        """An encoded list that many ask for: what `build` gives, kept until a group changes."""
        return _kept(self._state().group_lists, name, build)

    def topic_list(self, name: str, build: Callable[[], bytes]) -> bytes:
        """An encoded list that many ask for: what `build` gives, kept until a topic table changes."""
        return _kept(self._state().topic_lists, name, build)

    def route_at_hand(self, topic: str) -> Answer | None:
        """What `route` would give, when it is there already; else None."""
        state = self._view.state
        return state.answers.get(topic) if state is not None else None

    def routes_at_hand(self) -> Mapping[str, Answer]:
        """By topic what `route_at_hand` would give, for as long as the caller does not wait."""
        state = self._view.state
        return state.answers if state is not None else {}

    def legacy_route_at_hand(self, topic: str) -> bytes | None:
        """What `legacy_route` would give, when it is there already; else None."""
        state = self._view.state
        return state.legacy_answers.get(topic) if state is not None else None

    def legacy_route(self, topic: str, zone: str = "") -> bytes:
        """The route with unquoted broker ids, as RocketMQ's clients before 4.9.4 read it. TopicNotFound."""
        kept = self._state().legacy_answers
        known = kept.get(topic) if not zone else None
        if known is None:
            known = compact(bodies.route(orjson.loads(self.route(topic, zone).body), legacy=True))
            if not zone:
                kept[sys.intern(topic)] = known
        return known

    def route(self, topic: str, zone: str = "") -> Answer:
        """The route of a topic, for clients of `zone` when given. TopicNotFound says why there is none."""
        state = self._state()
        if not zone:
            known = state.answers.get(topic)
            if known is not None:
                return known
        offers = state.offers(topic)
        order = state.kv.get(ORDER_NAMESPACE, {}).get(topic)
        if zone:
            return self._encoded(state, topic, in_zone(offers, zone), order, other_zone=bool(offers))
        own = order is not None or not is_plain(topic, offers)
        offered = () if own else tuple((offer.group.name, offer.queues) for offer in offers)
        answer = state.alike.of(offered)
        if answer is None:
            answer = self._encoded(state, topic, offers, order)
            if offered:
                state.alike.keep(offered, answer)
        state.answers[sys.intern(topic)] = answer
        return answer

    def _encoded(
        self, state: State, topic: str, offers: list[Offer], order: KvEntry | None, *, other_zone: bool = False
    ) -> Answer:
        route = topic_route(topic, offers, state.settings, order_conf=order.value if order else None)
        if route is None:
            raise TopicNotFound(topic, Absence.OTHER_ZONE if other_zone else self._absence(state, topic))
        return Answer.of(route)

    def _absence(self, state: State, topic: str) -> Absence:
        deleted = any(topic in table.deleted for table in state.tables.values())
        return Absence.DELETED if deleted else Absence.UNKNOWN

    def topics(self, cluster: str = "", prefix: str = "") -> Sequence[str]:
        """Names of the topics that somebody offers, sorted."""
        state = self._state()
        found = state.sorted_topics()
        if cluster:
            served = (
                table.topics
                for name, table in state.tables.items()
                if name in state.groups and state.groups[name].cluster == cluster
            )
            found = sorted(set().union(*served))
        return [topic for topic in found if topic.startswith(prefix)] if prefix else found

    def topics_with(self, chosen: Callable[[int], bool]) -> list[str]:
        """Names of the topics whose first group (by brokerName) offers them with a chosen topicSysFlag, sorted."""
        state = self._state()
        flags = ((topic, state.first_queues(topic)) for topic in state.topics())
        return sorted(topic for topic, queues in flags if queues is not None and chosen(queues.topic_sys_flag))

    def clusters(self) -> list[ClusterInfo]:
        """Every cluster with a live broker, sorted."""
        state = self._state()
        by_cluster: dict[str, list[dict[str, Any]]] = {}
        for name in sorted(state.groups):
            group = state.groups[name]
            if group.addresses:
                by_cluster.setdefault(group.cluster, []).append(broker_data(group, state.lead(group)))
        return [ClusterInfo(cluster, by_cluster[cluster]) for cluster in sorted(by_cluster)]

    def brokers(self, cluster: str = "", name: str = "") -> list[Broker | OfflineBroker]:
        """Brokers, online and offline, sorted by cluster, name and id."""
        state = self._state()
        found = [
            broker
            for rows in (state.brokers, state.offline)
            for broker in rows.values()
            if (not cluster or broker.cluster == cluster) and (not name or broker.name == name)
        ]
        return sorted(found, key=lambda broker: (broker.cluster, broker.name, broker.id))

    def broker(self, cluster: str, key: BrokerKey) -> Broker | OfflineBroker:
        """One broker. BrokerNotFound when it was never there, or is forgotten."""
        state = self._state()
        found = state.brokers.get(key) or state.offline.get(key)
        if found is None or found.cluster != cluster:
            raise BrokerNotFound(f"no broker {key.name}/{key.id} in cluster {cluster}")
        return found

    def broker_in_any_cluster(self, key: BrokerKey) -> Broker | OfflineBroker | None:
        """One broker, None when it was never there, or is forgotten."""
        state = self._state()
        return state.brokers.get(key) or state.offline.get(key)

    def group(self, name: str) -> Group | None:
        """A broker group, None when there is none."""
        return self._state().groups.get(name)

    def groups(self) -> list[tuple[Group, Broker | None]]:
        """Every group that has a live broker, sorted by name, with the record of its lowest id."""
        state = self._state()
        return [(group, state.lead(group)) for _, group in sorted(state.groups.items()) if group.addresses]

    def live(self, key: BrokerKey) -> Broker | None:
        """A registered broker, None when it is not there."""
        return self._state().brokers.get(key)

    def broker_at(self, cluster: str, name: str, address: str) -> Broker | None:
        """The live broker of a group at an address, None when there is none."""
        state = self._state()
        group = state.groups.get(name)
        if group is None or group.cluster != cluster:
            return None
        held = (broker_id for broker_id, other in group.addresses.items() if other == address)
        return next((state.brokers.get(BrokerKey(name, broker_id)) for broker_id in held), None)

    def brokers_at(self, address: str, *, except_for: BrokerKey) -> list[BrokerKey]:
        """The other live brokers that say they are at an address."""
        brokers = self._state().brokers
        return [key for key, broker in brokers.items() if broker.address == address and key != except_for]

    def states(self) -> dict[str, int]:
        """How many brokers are in which state; empty without a view."""
        state = self._view.state
        if state is None:
            return {}
        suspects = len(state.suspects)
        return {"online": len(state.brokers) - suspects, "suspect": suspects, "offline": len(state.offline)}

    def brakes(self) -> list[BrakeStatus]:
        """Where the expiry brake is engaged or still holds somebody, sorted by cluster."""
        state = self._state()
        held: dict[str, list[Broker]] = {cluster: [] for cluster in state.brakes}
        for key in state.held:
            broker = state.brokers[key]
            held.setdefault(broker.cluster, []).append(broker)
        return [
            BrakeStatus(cluster, state.brakes.get(cluster), sorted(held[cluster], key=lambda broker: broker.key))
            for cluster in sorted(held)
        ]

    def held_by_cluster(self) -> dict[str, int]:
        """How many brokers the brake holds, in clusters where it is engaged or holds somebody; empty without a view."""
        return {brake.cluster: len(brake.held) for brake in self.brakes()} if self._view.state is not None else {}

    def kv(self, namespace: str, key: str) -> KvEntry:
        """One key. NotFound."""
        entry = self._state().kv.get(namespace, {}).get(key)
        if entry is None:
            raise NotFound(f"no key {key} in namespace {namespace}")
        return entry

    def kv_namespace(self, namespace: str) -> list[KvEntry]:
        """A KV namespace sorted by key. NotFound when it has no key."""
        entries = self.namespace_or_empty(namespace)
        if not entries:
            raise NotFound(f"no key in namespace {namespace}")
        return entries

    def namespace_or_empty(self, namespace: str) -> list[KvEntry]:
        """A KV namespace sorted by key; empty when it has no key."""
        entries = self._state().kv.get(namespace, {})
        return [entries[key] for key in sorted(entries)]

    def kv_namespaces(self) -> list[str]:
        """KV namespaces that have a key, sorted."""
        return sorted(self._state().kv)

    def changes(self, after: int | None, limit: int) -> list[Change]:
        """At most `limit` changes after revision `after` (None: all that are kept), oldest first.

        HistoryTrimmed when some of them are no longer kept.
        """
        state = self._state()
        kept = state.changes
        if after is None:
            return list(islice(kept, limit))
        if after < state.revision and (not kept or (kept[0].revision > after + 1 and kept[0].kind != "open")):
            raise HistoryTrimmed(f"changes are kept from revision {kept[0].revision if kept else state.revision} on")
        return list(islice((change for change in kept if change.revision > after), limit))

    def subscribe(self, scopes: Iterable[str]) -> Subscription:
        """Hear of changes: scopes as in nsredis.view.subscriptions."""
        return self._view.subscriptions.subscribe(scopes)

    async def at_least(self, *, revision: int | None = None, strong: bool = False) -> None:
        """Return when the view has `revision`, and with `strong` all that was acknowledged until now."""
        self._state()
        await freshness.at_least(self._view, self._feed, revision=revision, strong=strong)


def _kept(lists: dict[str, bytes], name: str, build: Callable[[], bytes]) -> bytes:
    known = lists.get(name)
    if known is None:
        known = lists[name] = build()
    return known
