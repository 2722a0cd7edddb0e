"""What a view has of one topic: every group that offers it, or is known to have done so."""

from collections.abc import Collection
from operator import attrgetter
from typing import Final

from nsredis.core.brokers import Broker, BrokerKey, OfflineBroker
from nsredis.core.changes import Change, ChangeKind
from nsredis.core.explanation import Deletion, GroupFacts, Standing
from nsredis.core.names import decode, encode
from nsredis.core.routes import Offer, in_zone
from nsredis.registry.tables import BODY_MARK
from nsredis.view.state import State

NAMING: Final = (ChangeKind.DELETE_TOPIC, ChangeKind.TOPICS)
"""Changes that tell in `why` which topic they are of; the latter only when an operator made it."""


class TopicFacts:
    """One look at a state, done without an await. `changes`: the kept ones that name the topic, newest first."""

    def __init__(self, state: State, topic: str, zone: str) -> None:
        self._state = state
        self._topic = topic
        self._zone = zone
        self._last_tables = state.former.last_tables(topic)
        self.changes = [change for change in reversed(state.changes) if change.why == topic and change.kind in NAMING]

    def groups(self) -> list[GroupFacts]:
        """The groups by name."""
        offers = [offer for offer in self._state.offers(self._topic) if offer.group.addresses]
        kept = in_zone(offers, self._zone) if self._zone else offers
        in_route = {offer.group.name for offer in kept}
        by_name = {offer.group.name: offer for offer in offers}
        names = sorted({*by_name, *self._former()})
        gone = self._gone(names)
        return [self._group(name, by_name.get(name), gone.get(name, []), routed=name in in_route) for name in names]

    def unknown_groups(self) -> list[str]:
        """Groups that are offline and of which nobody knows what they offered, those that left last first."""
        state = self._state
        left: dict[str, OfflineBroker] = {}
        for broker in sorted(state.offline.values(), key=attrgetter("offline_at_ms"), reverse=True):
            group = state.groups.get(broker.name)
            if group is None or not group.addresses:
                left.setdefault(broker.name, broker)
        return [name for name, broker in left.items() if not state.former.knows(name, broker.revision)]

    def _former(self) -> set[str]:
        """Groups that are known to have offered it."""
        marked = {name for name, table in self._state.tables.items() if self._topic in table.deleted}
        rows = {row for change in self.changes for row in change.subjects if row.startswith("table:")}
        named = {decode(row.removeprefix("table:")) for row in rows}
        return {*marked, *named, *self._last_tables, *self._state.former.dropped(self._topic)}

    def _gone(self, names: Collection[str]) -> dict[str, list[OfflineBroker]]:
        found: dict[str, list[OfflineBroker]] = {}
        wanted = set(names)
        for key, broker in self._state.offline.items():
            if key.name in wanted:
                found.setdefault(key.name, []).append(broker)
        return found

    def _group(self, name: str, offer: Offer | None, gone: list[OfflineBroker], *, routed: bool) -> GroupFacts:
        group = self._state.groups.get(name)
        keys = [BrokerKey(name, broker_id) for broker_id in group.addresses] if group is not None else []
        online = [self._state.brokers[key] for key in keys if key in self._state.brokers]
        brokers: list[Broker | OfflineBroker] = sorted([*online, *gone], key=attrgetter("id"))
        cluster = group.cluster if group is not None else gone[0].cluster if gone else ""
        if offer is not None:
            standing = Standing.SERVING if routed else Standing.OTHER_ZONE
            return GroupFacts(name, cluster, standing, brokers, offer)
        standing = self._absence(name, online=bool(online))
        deletion = self._deletion(name) if standing is Standing.DELETED else None
        dropped = self._change(self._state.former.dropped(self._topic).get(name))
        return GroupFacts(name, cluster, standing, brokers, deletion=deletion, dropped=dropped)

    def _absence(self, name: str, *, online: bool) -> Standing:
        """Why a group that offered the topic does not: the last thing that is known to have happened."""
        last = self._last_tables.get(name)
        if not online and last is not None and self._topic in last.topics:
            return Standing.OFFLINE
        dropped_at = self._state.former.dropped(self._topic).get(name, 0)
        deleted = self._deletion(name)
        marked = deleted.held or (last is not None and self._topic in last.deleted)
        if marked or (deleted.change is not None and deleted.change.revision >= dropped_at):
            return Standing.DELETED
        return Standing.DROPPED if online or dropped_at else Standing.OFFLINE

    def _deletion(self, name: str) -> Deletion:
        row = f"table:{encode(name)}"
        deleted = (change for change in self.changes if change.kind == ChangeKind.DELETE_TOPIC)
        change = next((change for change in deleted if row in change.subjects), None)
        table = self._state.tables.get(name)
        under = table.deleted.get(self._topic) if table is not None else None
        return Deletion(change, under is not None, "" if under is None or under.startswith(BODY_MARK) else under)

    def _change(self, revision: int | None) -> Change | None:
        if revision is None:
            return None
        return next((change for change in reversed(self._state.changes) if change.revision == revision), None)
