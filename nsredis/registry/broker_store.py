"""Registrations, heartbeats and departures of brokers: one method per script."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from nsredis.core.brokers import Beat, Broker, BrokerKey, Incarnation, Lease, Registered, Registration, Sighting
from nsredis.core.changes import Removal
from nsredis.core.errors import BrokerNotFound, NsredisError, StoreUnavailable
from nsredis.core.leases import DEFAULT_LEASE_MS
from nsredis.core.names import encode
from nsredis.registry import tables
from nsredis.registry.group_commit import GroupCommit
from nsredis.registry.keyspace import member
from nsredis.registry.rows import data_version_text, filter_servers_text
from nsredis.registry.runner import ScriptRunner, new_tag, refusal
from nsredis.registry.tables import Table

Command = list[str | bytes | int]


@dataclass(frozen=True, slots=True)
class TableMoved:
    """The table must be merged first: `version` is what it must be merged on."""

    version: int


@dataclass(frozen=True, slots=True)
class MergedTable:
    """A registration's topics merged into the table that they were merged on. `topics`: as for `encode_delta`."""

    base: Table
    merged: Table
    topics: Collection[str] | None = None


class BrokerStore:
    """Brokers in Redis. Registrations and beats are idempotent by content, so a caller may repeat them."""

    def __init__(self, runner: ScriptRunner, node_id: str) -> None:
        self._runner = runner
        self._node_id = node_id
        self._without_table: GroupCommit[Command, Any] = GroupCommit(runner.pipeline)
        """Registrations as nearly all are: of what the store knows already."""

    async def register(self, r: Registration, *, by: str, table: MergedTable | None) -> Registered | TableMoved:
        """Store a registration; TableMoved when its topics must be merged first, or the table was written meanwhile."""
        keyspace = self._runner.keyspace
        writes = table is not None and not _same_content(table)
        blob, delta = _written(table) if table and writes else (b"", b"")
        command = self._runner.command(
            "register",
            broker=keyspace.broker(r.key),
            lease=keyspace.lease(r.key),
            members=keyspace.members(r.cluster),
            group=keyspace.group(r.name),
            topics=keyspace.table(r.name),
            offline=keyspace.offline(r.key),
            tag=new_tag(),
            node=self._node_id,
            by=by,
            name=encode(r.name),
            id=str(r.id),
            cluster=r.cluster,
            address=r.address,
            epoch=r.epoch,
            instance=r.instance,
            lease_ms=DEFAULT_LEASE_MS if r.lease_ms is None else r.lease_ms,
            ha_address=r.ha_address,
            zone=r.zone,
            acting=r.acting_master,
            data_version=data_version_text(r.data_version),
            filter_servers="" if r.filter_servers is None else filter_servers_text(r.filter_servers),
            digest=r.topics.digest if r.topics is not None else "",
            has_table=table is not None,
            base=table.base.version if table else 0,
            write=writes,
            blob=blob,
            body=table.merged.body if table else "",
            deleted=tables.encode_deleted(table.merged.deleted) if table else b"",
            delta=delta,
        )
        return _registered(await self._run(command) if table is not None else await self._run_with_others(command))

    async def _run(self, command: Command) -> Any:
        (reply,) = await self._runner.pipeline([command])
        return _checked(reply)

    async def _run_with_others(self, command: Command) -> Any:
        return _checked(await self._without_table.add(command))

    async def beats(self, beats: Sequence[Beat]) -> list[NsredisError | None]:
        """Renew many leases in one round trip; an item is None or why it was refused, in order."""
        replies = await self._runner.pipeline(self.beat_commands(beats))
        return [_refused(reply) for reply in replies]

    def beat_commands(self, beats: Sequence[Beat]) -> list[Command]:
        """What renews these leases, a command each."""
        return [self._beat(beat) for beat in beats]

    def _beat(self, beat: Beat) -> Command:
        keyspace, name = self._runner.keyspace, member(BrokerKey(beat.name, beat.id))
        return self._runner.command(
            "beat",
            broker=keyspace.row(f"broker:{name}"),
            lease=keyspace.row(f"lease:{name}"),
            members=keyspace.members(beat.cluster),
            tag=new_tag(),
            member=name,
            cluster=beat.cluster,
            epoch=beat.epoch,
            address=beat.address,
            node=self._node_id,
        )

    async def unregister(self, key: BrokerKey, cluster: str, *, epoch: int | None, address: str, by: str) -> int:
        """Take a broker away; the revision after it, 0 when it was gone already. StaleEpoch for an old incarnation."""
        return await self._remove(key, cluster, epoch, address, reason=Removal.UNREGISTERED, by=by)

    async def remove_lost(self, seen: Sighting) -> int:
        """Take a broker away that is lost for sure; the revision after it, 0 when it was gone already.

        StaleEpoch when it was seen again meanwhile.
        """
        key, address, epoch = seen.incarnation
        reason, by = Removal.CONNECTION_LOST, self._node_id
        return await self._remove(key, seen.cluster, epoch, address, beat=seen.beat_ms, reason=reason, by=by)

    async def remove_held(self, held: Broker) -> int:
        """Take away a broker that the brake holds and that is lost for sure; as `remove_lost`."""
        reason, by = Removal.CONNECTION_LOST, self._node_id
        return await self._remove(
            held.key, held.cluster, held.epoch, held.address, held=held.held_at_ms, reason=reason, by=by
        )

    async def _remove(
        self,
        key: BrokerKey,
        cluster: str,
        epoch: int | None,
        address: str,
        *,
        beat: int | None = None,
        held: int | None = None,
        reason: str,
        by: str,
    ) -> int:
        keyspace = self._runner.keyspace
        reply = await self._runner.call(
            "unregister",
            broker=keyspace.broker(key),
            lease=keyspace.lease(key),
            group=keyspace.group(key.name),
            tag=new_tag(),
            by=by,
            name=encode(key.name),
            id=str(key.id),
            cluster=cluster,
            epoch=epoch,
            address=address,
            beat=beat,
            held=held,
            reason=reason,
        )
        return int(reply)

    async def is_registered(self, key: BrokerKey) -> bool:
        """Whether the store has a record of this broker."""
        link, record = self._runner.link, self._runner.keyspace.broker(key)
        return bool(await self._runner.translate(link.execute("EXISTS", record)))

    async def suspect(self, seen: Sighting, why: str) -> int:
        """Mark a broker until its next beat; the revision after it, 0 when it is marked already, or gone.

        StaleEpoch when it was seen again meanwhile.
        """
        key, _, epoch = seen.incarnation
        reply = await self._runner.call(
            "suspect",
            broker=self._runner.keyspace.broker(key),
            lease=self._runner.keyspace.lease(key),
            tag=new_tag(),
            by=self._node_id,
            member=member(key),
            epoch=epoch,
            beat=seen.beat_ms,
            why=why,
        )
        return int(reply)

    async def sighting(self, key: BrokerKey) -> Sighting | None:
        """What is known of a broker; None when it is not registered, or its lease has lapsed."""
        keyspace = self._runner.keyspace
        record, beat = await self._runner.pipeline(
            [["HMGET", keyspace.broker(key), "cluster", "address", "epoch"], ["HGET", keyspace.lease(key), "beat"]]
        )
        if isinstance(record, Exception) or isinstance(beat, Exception):
            raise StoreUnavailable("the store refused to tell the broker")
        cluster, address, epoch = record
        if epoch is None or beat is None:
            return None
        return Sighting(cluster.decode(), Incarnation(key, address.decode(), int(epoch)), int(beat))

    async def table(self, name: str) -> Table:
        """A group's table as it is now; an empty one when there is none."""
        command = ["HGETALL", self._runner.keyspace.table(name)]
        row: Any = await self._runner.translate(self._runner.link.execute(*command))
        return tables.decode_table(row)

    async def table_version(self, key: BrokerKey, version: int) -> bool:
        """Whether the group's table is still at `version`; BrokerNotFound when the broker is not registered."""
        keyspace = self._runner.keyspace
        present, stored = await self._runner.pipeline(
            [["EXISTS", keyspace.broker(key)], ["HGET", keyspace.table(key.name), "version"]]
        )
        if isinstance(present, Exception) or isinstance(stored, Exception):
            raise StoreUnavailable("the store refused to tell the table")
        if not present:
            raise BrokerNotFound(f"not registered here: {key.name}/{key.id}")
        return stored is not None and int(stored) == version

    async def leases(self, brokers: Sequence[tuple[str, BrokerKey]]) -> dict[BrokerKey, Lease]:
        """How long each lease has left on Redis' clock (below 0: lapsed), and when it was last renewed.

        `brokers`: by cluster and key.
        """
        keyspace = self._runner.keyspace
        commands: list[list[str | bytes | int]] = [["TIME"]]
        for cluster, key in brokers:
            commands.append(["ZSCORE", keyspace.members(cluster), member(key)])
            commands.append(["HGET", keyspace.lease(key), "beat"])
        replies = await self._runner.pipeline(commands)
        if any(isinstance(reply, Exception) for reply in replies):
            raise StoreUnavailable("the store refused to tell the leases")
        seconds, micros = replies[0]
        now_ms = int(seconds) * 1000 + int(micros) // 1000
        leases = {}
        for i, (_, key) in enumerate(brokers):
            deadline, beat = replies[1 + 2 * i : 3 + 2 * i]
            if deadline is not None:
                leases[key] = Lease(int(float(deadline)) - now_ms, int(beat) if beat else None)
        return leases


def _same_content(table: MergedTable) -> bool:
    base, merged = table.base, table.merged
    return (
        base.version > 0
        and base.topics == merged.topics
        and base.deleted == merged.deleted
        and base.mappings == merged.mappings
        and (not merged.body or base.body == merged.body)
    )


def _written(table: MergedTable) -> tuple[bytes, bytes]:
    """The table's blob, and the delta: where there is none, nodes that follow read the blob, this one too."""
    delta = tables.encode_delta(table.base, table.merged, table.topics) if table.base.version else b""
    blob = tables.encode_blob(table.merged)
    if not delta:
        tables.keep_written(blob, table.merged)
    return blob, delta


def _registered(reply: list[Any]) -> Registered | TableMoved:
    status, epoch, lease_ms, revision, created, master, master_ha, version = reply
    if status == b"table":
        return TableMoved(int(version))
    return Registered(
        created=bool(created),
        changed=status == b"changed",
        epoch=int(epoch),
        lease_ms=int(lease_ms),
        revision=int(revision),
        master_address=master.decode(),
        master_ha_address=master_ha.decode(),
    )


def _checked(reply: Any) -> Any:
    """A reply out of a pipeline; raises what is none."""
    if isinstance(reply, NsredisError):
        raise reply
    if isinstance(reply, Exception):
        raise refusal(reply) if isinstance(reply, ResponseError) else StoreUnavailable("the store does not answer")
    return reply


def _refused(reply: object) -> NsredisError | None:
    if isinstance(reply, ResponseError):
        return refusal(reply)
    if isinstance(reply, Exception):
        return StoreUnavailable("the store does not answer")
    return None
