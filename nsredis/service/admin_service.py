"""What operators do: overrides, topics forgotten, key-value configuration, settings of the namespace."""

import random
from collections.abc import Mapping, Sequence
from typing import Final

from nsredis.core.changes import ChangeKind
from nsredis.core.errors import InvalidField, NotFound, NotReady, NotReplicated
from nsredis.core.kv import KvEntry, check_kv
from nsredis.core.names import check_foreign_topic, check_text
from nsredis.core.namespace_settings import check_setting
from nsredis.core.queues import ALL_PERMS, WRITE, QueueData, check_queues
from nsredis.registry import tables
from nsredis.registry.admin_store import AdminStore, KvWritten, TableWrite, Written
from nsredis.registry.broker_store import BrokerStore
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.rows import data_version_text
from nsredis.registry.tables import Table
from nsredis.service.contention import retry_moved
from nsredis.service.freshness import at_least
from nsredis.service.own_writes import OwnWrites
from nsredis.view.state import State
from nsredis.view.view import View

MAX_REASON: Final = 1024
MAX_OVERRIDE_MS: Final = 366 * 86_400_000


class AdminService:
    """Administrative verbs. `Written` has the namespace's revision that has the change, 0 when nothing was to do.

    NotReplicated when the store demands replicas (setting `durability`) and too few have the change, which is made.
    """

    def __init__(
        self, admin: AdminStore, store: BrokerStore, view: View, own_writes: OwnWrites, feed: ChangeFeed
    ) -> None:
        self._feed = feed
        self._admin = admin
        self._store = store
        self._view = view
        self._own_writes = own_writes

    async def set_override(
        self, cluster: str, name: str, *, perm: int, reason: str, expires_in_ms: int | None, by: str
    ) -> Written:
        """Leave a group only the permission bits `perm`, for `expires_in_ms` or until lifted. BrokerNotFound."""
        if not 0 <= perm <= 7:
            raise InvalidField("perm", "must be from 0 to 7: the sum of 4 (read), 2 (write), 1 (inherit)")
        check_text("reason", reason, MAX_REASON)
        if expires_in_ms is not None and not 1 <= expires_in_ms <= MAX_OVERRIDE_MS:
            raise InvalidField("expiresInMs", f"must be from 1 to {MAX_OVERRIDE_MS}")
        return await self._done(
            await self._admin.set_override(cluster, name, perm=perm, why=reason, expires_in_ms=expires_in_ms, by=by)
        )

    async def lift_override(self, cluster: str, name: str, *, by: str) -> Written:
        """Give a group its own permissions back. BrokerNotFound."""
        return await self._done(
            await self._admin.set_override(cluster, name, perm=None, why="", expires_in_ms=None, by=by)
        )

    async def wipe_write(self, name: str, *, by: str) -> int:
        """Take the write permission from a group, whatever its cluster; how many topics it offers, 0 without a group.

        It is an override: it outlives refreshes, and `add_write` gives the group's own permissions back.
        """
        await self._up_to_date()
        group = self._state().groups.get(name)
        if group is None or not group.addresses:
            return 0
        held = group.override.perm if group.override is not None else ALL_PERMS
        if held & WRITE:
            written = await self._admin.set_override(
                group.cluster, name, perm=held & ~WRITE, why="wipeWritePerm", expires_in_ms=None, by=by
            )
        else:
            written = await self._admin.settled()
        await self._done(written)
        return self._topic_count(name)

    async def add_write(self, name: str, *, by: str) -> int:
        """Lift an override that takes the write permission from a group; how many topics it offers."""
        await self._up_to_date()
        group = self._state().groups.get(name)
        if group is None:
            return 0
        if group.override is not None and not group.override.perm & WRITE:
            await self.lift_override(group.cluster, name, by=by)
        else:
            await self._done(await self._admin.settled())
        return self._topic_count(name)

    def _topic_count(self, name: str) -> int:
        table = self._state().tables.get(name)
        return len(table.topics) if table is not None else 0

    async def add_topic(self, topic: str, offers: Sequence[tuple[str, QueueData]], *, by: str) -> Written:
        """Let groups offer a topic: (brokerName, queue data). Groups that are not there, and all after the first such,
        are passed over, as RocketMQ's name server does.
        """
        check_foreign_topic("topic", topic)
        await self._up_to_date()
        wanted: dict[str, QueueData] = {}
        for name, queues in offers:
            if name not in self._state().groups:
                break
            wanted[name] = check_queues(f"queueDatas.{name}", queues)

        async def attempt() -> Written | None:
            writes = []
            for name, queues in wanted.items():
                base = await self._store.table(name)
                if base.topics.get(topic) != queues:
                    writes.append(TableWrite(name, base, tables.apply_patch(base, {topic: queues}, ())))
            if not writes:
                return await self._admin.settled()
            return await self._admin.write_tables(writes, kind=ChangeKind.TOPICS, by=by, why=topic)

        return await self._done(await retry_moved(attempt, f"topic {topic}", random.random))

    async def delete_topic(self, topic: str, *, cluster: str = "", by: str) -> Written:
        """Forget a topic's route, everywhere or in one cluster.

        It stays forgotten for each group until that group registers under another data version that lists it.
        """
        await self._up_to_date()

        async def attempt() -> Written | None:
            state = self._state()
            writes = []
            for offer in state.offers(topic):
                name = offer.group.name
                if cluster and offer.group.cluster != cluster:
                    continue
                base = await self._store.table(name)
                if topic in base.topics:
                    changed = tables.delete_topic(base, topic, _listed_under(state, name, base))
                    writes.append(TableWrite(name, base, changed))
            if not writes:
                return await self._admin.settled()
            return await self._admin.write_tables(writes, kind=ChangeKind.DELETE_TOPIC, by=by, why=topic)

        return await self._done(await retry_moved(attempt, f"topic {topic}", random.random))

    async def put_kv(
        self, namespace: str, key: str, value: str, *, expected: int | None, by: str
    ) -> tuple[KvEntry, KvWritten]:
        """Set a key; the entry as it is now. `expected`: the revision it must have (0: none)."""
        check_kv(namespace, key, value)
        written = await self._admin.write_kv(namespace, key, value, expected=expected, by=by)
        await self._done(written)
        return KvEntry(namespace, key, value, written.key_revision), written

    async def delete_kv(self, namespace: str, key: str, *, expected: int | None, by: str) -> Written:
        """Delete a key; also done when there is none."""
        return await self._done(await self._admin.write_kv(namespace, key, None, expected=expected, by=by))

    async def release_brake(self, cluster: str, *, by: str) -> int:
        """Let go the brokers that the brake holds in a cluster; the revision that has it. NotFound: it holds none."""
        revision = await self._admin.release_brake(cluster, by=by)
        if not revision:
            raise NotFound(f"the brake is not engaged in cluster {cluster}")
        await self._own_writes.seen(revision)
        return revision

    async def put_settings(self, values: Mapping[str, str], *, by: str) -> Written:
        """Change settings by their camel-case names, an empty text back to the default; all or, on an error, none.

        The revision that has them, 0 when none ever changed. InvalidField.
        """
        for name, text in values.items():
            check_setting(name, text)
        return await self._done(await self._admin.put_settings(values, by=by))

    async def _done(self, written: Written) -> Written:
        """What was written, once this node shows it."""
        await self._own_writes.seen(written.revision)
        have, demanded = written.replicas, self._admin.durability
        if have is not None and have < demanded:
            raise NotReplicated(
                f"the change is made, but {have} of the {demanded} replicas demanded have it so far: "
                "a failover of the store now may lose it",
                have,
            )
        return written

    async def _up_to_date(self) -> None:
        """Have the view show all that was acknowledged until now: a verb that finds its groups there would else answer
        success and leave some, or all, as they are.
        """
        await at_least(self._view, self._feed, strong=True)

    def _state(self) -> State:
        if self._view.state is None:
            raise NotReady("this node holds no view yet")
        return self._view.state


def _listed_under(state: State, name: str, table: Table) -> str:
    """The data version that the group's table came from, as its next unchanged registration will name it."""
    group = state.groups.get(name)
    owner = state.lead(group) if group is not None else None
    version = data_version_text(owner.data_version) if owner is not None else ""
    return version or table.body
