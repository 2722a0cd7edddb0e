"""What brokers do: register, beat, change their topics, leave."""

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Final

from nsredis.core.brokers import Beat, Broker, BrokerKey, Lease, Registered, Registration, TopicBody
from nsredis.core.changes import ChangeKind
from nsredis.core.errors import BrokerNotFound, InvalidField, NsredisError, Unavailable
from nsredis.core.leases import check_lease_ms
from nsredis.core.names import (
    check_address,
    check_foreign_address,
    check_foreign_name,
    check_name,
    check_text,
    check_topics,
)
from nsredis.core.observer import Observer
from nsredis.core.queues import QueueData, check_queues
from nsredis.registry import tables
from nsredis.registry.admin_store import AdminStore, TableWrite
from nsredis.registry.broker_store import BrokerStore, MergedTable, TableMoved
from nsredis.registry.group_commit import BeatQueue
from nsredis.service.contention import retry_moved
from nsredis.service.own_writes import OwnWrites
from nsredis.service.slices import Slices
from nsredis.service.topic_bodies import check_body, merge
from nsredis.view.view import View

MAX_INSTANCE: Final = 255
MAX_ZONE: Final = 255
GOOD_KEPT: Final = 20_000
"""Digests of topic bodies that were found good: a broker sends the same one for months."""


class BrokerService:
    """The verbs of brokers. Every one that changes something returns when this node shows the change itself."""

    def __init__(
        self, store: BrokerStore, admin: AdminStore, view: View, own_writes: OwnWrites, observer: Observer
    ) -> None:
        self._store = store
        self._admin = admin
        self._view = view
        self._own_writes = own_writes
        self._observer = observer
        self._queue = BeatQueue(store.beats)
        self._good: set[str] = set()
        self.slices: Final = Slices()
        """For what registrations cost this node: they may come by the hundred."""

    async def register(self, r: Registration, *, by: str) -> Registered:
        """Store a registration, or refresh it; InvalidField, Conflict or Unavailable when that cannot be."""
        _check(r)
        ahead = None
        if r.topics is not None and r.topics.digest not in self._good:
            ahead = await self.slices.run(partial(self._checked, r.topics, r))
        try:
            registered = await self._register(r, ahead, by)
        except NsredisError as error:
            self._observer.registered(error.code)
            raise
        self._observer.registered("created" if registered.created else "changed" if registered.changed else "refreshed")
        if registered.changed:
            await self._own_writes.seen(registered.revision)
        return registered

    def topics_of(self, name: str) -> Mapping[str, QueueData]:
        """What the view shows of a group's topics."""
        table = self._view.state.tables.get(name) if self._view.state is not None else None
        return table.topics if table is not None else {}

    def _checked(self, body: TopicBody, r: Registration) -> MergedTable | None:
        """Check a body that was not seen lately, or was not found good. InvalidField.

        Returns the table that the store will ask for as far as can be told: only a master's that says something new.
        """
        known = self.topics_of(r.name) if r.foreign else {}  # what came over remoting may break the other door's rules
        check_body(body, known, foreign=r.foreign)
        if len(self._good) >= GOOD_KEPT:
            self._good.clear()
        self._good.add(body.digest)
        base = self._view.state.tables.get(r.name) if self._view.state is not None else None
        if base is None or r.id or self._view.stale_ms():
            return None
        ahead = merge(base, body, r)
        return None if tables.same_content(base, ahead.merged) else ahead

    async def _register(self, r: Registration, ahead: MergedTable | None, by: str) -> Registered:
        outcome = await self._store.register(r, by=by, table=ahead)
        if isinstance(outcome, Registered):
            return outcome
        assert r.topics is not None
        body, wanted = r.topics, outcome.version

        async def attempt() -> Registered | None:
            nonlocal wanted
            base = await self._table(r.name, wanted)
            table = await self.slices.run(partial(merge, base, body, r))
            again = await self._store.register(r, by=by, table=table)
            if isinstance(again, TableMoved):
                wanted = again.version
                return None
            return again

        return await retry_moved(attempt, f"the table of {r.name}", random.random)

    async def _table(self, name: str, version: int) -> tables.Table:
        """The group's table at `version`, from the view where it has that; else read from the store."""
        state = self._view.state if not self._view.saved else None  # of a saved one the store may know better
        known = state.tables.get(name) if state is not None else None
        if known is not None and known.version == version:
            return known
        return await self._store.table(name) if version else tables.Table()

    async def patch_topics(
        self, key: BrokerKey, cluster: str, put: Mapping[str, QueueData], delete: Collection[str], *, by: str
    ) -> int:
        """Change some topics of the broker's group; the revision that has them. BrokerNotFound, NotTableOwner."""
        check_topics("put", put)
        for topic, queues in put.items():
            check_queues(f"put.{topic}", queues)
        both = sorted(set(put) & set(delete))
        if both:
            raise InvalidField(f"delete.{both[0]}", "must not stand in put as well")
        state = self._view.state if not self._view.saved else None
        group = state.groups.get(key.name) if state is not None else None
        if group is not None and group.cluster != cluster:
            raise BrokerNotFound(f"no broker {key.name}/{key.id} in cluster {cluster}")
        known = state.tables.get(key.name) if state is not None else None

        async def attempt() -> int | None:
            nonlocal known
            base = known if known is not None else await self._store.table(key.name)
            known = None  # when it moved, the store knows better
            changed = tables.apply_patch(base, put, delete)
            if changed.topics == base.topics and base.version:
                if await self._store.table_version(key, base.version):
                    return base.version
                return None
            written = await self._admin.write_tables(
                [TableWrite(key.name, base, changed)], kind=ChangeKind.TOPICS, by=by, writer=key.id
            )
            return written.revision if written is not None else None

        revision = await retry_moved(attempt, f"the table of {key.name}", random.random)
        await self._own_writes.seen(revision)
        return revision

    async def heartbeat(self, beat: Beat) -> None:
        """Renew one lease; BrokerNotFound, StaleEpoch or Unavailable."""
        try:
            await self._queue.beat(beat)
        except NsredisError as refused:
            self._observer.beats(1, refused.code)
            raise
        self._observer.beats(1, "ok")

    async def heartbeats(self, beats: Sequence[Beat]) -> list[NsredisError | None]:
        """Renew many leases; an item is None or why it was refused, in order."""
        outcomes = await self._queue.beat_all(beats)
        for code, count in Counter("ok" if refused is None else refused.code for refused in outcomes).items():
            self._observer.beats(count, code)
        return outcomes

    async def is_registered(self, key: BrokerKey) -> bool:
        """Whether a broker is registered: as the view has it, else as the store says."""
        state = self._view.state
        return (state is not None and key in state.brokers) or await self._store.is_registered(key)

    async def unregister(
        self, key: BrokerKey, cluster: str, *, epoch: int | None = None, address: str = "", by: str
    ) -> int:
        """Take a broker away; the revision after it, 0 when it was gone already.

        StaleEpoch when `epoch` is not its present one, or `address` not its present one, where they are given.
        """
        revision = await self._store.unregister(key, cluster, epoch=epoch, address=address, by=by)
        await self._own_writes.seen(revision)
        return revision

    async def leases(self, brokers: Sequence[Broker]) -> dict[BrokerKey, Lease] | None:
        """The live leases from the store; None while it is away."""
        try:
            return await self._store.leases([(broker.cluster, broker.key) for broker in brokers])
        except Unavailable:
            return None


def _check(r: Registration) -> None:
    named, addressed = (check_foreign_name, check_foreign_address) if r.foreign else (check_name, check_address)
    named("cluster", r.cluster)
    named("brokerName", r.name)
    addressed("address", r.address)
    if r.ha_address:
        addressed("haAddress", r.ha_address)
    if r.lease_ms is not None:
        check_lease_ms("leaseMs", r.lease_ms)
    for field, text, top in (("instance", r.instance, MAX_INSTANCE), ("zone", r.zone, MAX_ZONE)):
        check_text(field, text, top)
