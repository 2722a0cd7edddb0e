"""Putting back what the store has lost: row by row, only where it does not know as much or more."""

from collections.abc import Mapping
from typing import Final

from redis.exceptions import ResponseError

from nsredis.core.brokers import Broker, Group, OfflineBroker
from nsredis.core.kv import KvEntry
from nsredis.core.names import encode
from nsredis.registry import rows, tables
from nsredis.registry.keyspace import SCHEMA, broker_row
from nsredis.registry.runner import ScriptRunner, new_tag, refusal
from nsredis.registry.tables import Table

Command = list[str | bytes | int]
AT_ONCE: Final = 100
OFFLINE_KEPT_MS: Final = 86_400_000


class Restorer:
    """Builds the commands that put rows back, and runs them. `floor`: the highest revision that this node has seen."""

    def __init__(self, runner: ScriptRunner, node_id: str) -> None:
        self._runner = runner
        self._node_id = node_id

    async def run(self, commands: list[Command]) -> int:
        """Run them some at a time; how many rows the store did not have."""
        restored = 0
        for i in range(0, len(commands), AT_ONCE):
            replies = await self._runner.pipeline(commands[i : i + AT_ONCE])
            for reply in replies:
                if isinstance(reply, ResponseError):
                    raise refusal(reply)
                restored += bool(reply)
        return restored

    async def open(self, floor: int) -> bool:
        """Create the namespace above `floor`, if it is not there; whether this call did."""
        _, created = await self._runner.call("open", version=str(SCHEMA), tag=new_tag(), by=self._node_id, floor=floor)
        return bool(created)

    def broker(self, broker: Broker, floor: int) -> Command:
        """Put back a broker with a full lease."""
        keyspace = self._runner.keyspace
        return self._runner.command(
            "restore_broker",
            broker=keyspace.broker(broker.key),
            lease=keyspace.lease(broker.key),
            members=keyspace.members(broker.cluster),
            group=keyspace.group(broker.name),
            offline=keyspace.offline(broker.key),
            tag=new_tag(),
            node=self._node_id,
            floor=floor,
            name=encode(broker.name),
            id=str(broker.id),
            cluster=broker.cluster,
            address=broker.address,
            epoch=broker.epoch,
            lease_ms=broker.lease_ms,
            record=[part for pair in rows.broker_fields(broker).items() for part in pair],
        )

    def table(self, name: str, table: Table, floor: int) -> Command:
        """Put back a group's table, where the group is."""
        values: list[str | bytes] = ["blob", tables.encode_blob(table), "body", table.body]
        values += ["deleted", tables.encode_deleted(table.deleted)]
        row = f"table:{encode(name)}"
        group = self._runner.keyspace.group(name)
        return self._row(row, values, floor, guard="version", known=table.version, needs=group)

    def override(self, group: Group, floor: int) -> Command:
        """Put back an operator's override."""
        override = group.override
        assert override is not None
        ends = override.expires_at_ms
        packed = f"{override.perm} {override.set_at_ms} {ends or ''}"
        values: list[str | bytes] = ["cluster", group.cluster, "override", packed]
        values += ["overrideWhy", override.reason, "overrideBy", override.by]
        name = encode(group.name)
        member = f"override:{name}" if ends else ""
        row = f"group:{name}"
        return self._row(row, values, floor, known=group.revision, whole=False, member=member, ends_ms=ends or 0)

    def offline(self, gone: OfflineBroker, floor: int) -> Command:
        """Put back what was remembered of a broker that left, unless it is there again."""
        row = broker_row(gone.key).replace("broker:", "offline:", 1)
        fields = {
            "cluster": gone.cluster,
            "address": gone.address,
            "epoch": str(gone.epoch),
            "haAddress": gone.ha_address,
            "zone": gone.zone,
            "reason": gone.reason,
            "by": gone.by,
            "offlineAt": str(gone.offline_at_ms),
            "lastBeat": str(gone.last_beat_ms),
        }
        values: list[str | bytes] = [part for pair in fields.items() for part in pair]
        back = self._runner.keyspace.broker(gone.key)
        ends = gone.offline_at_ms + OFFLINE_KEPT_MS
        return self._row(row, values, floor, known=gone.revision, unless=back, member=row, ends_ms=ends)

    def settings(self, settings: Mapping[str, str], floor: int) -> Command:
        """Put back the namespace's settings."""
        values: list[str | bytes] = [part for pair in settings.items() if pair[0] != "revision" for part in pair]
        return self._row("settings", values, floor, known=int(settings["revision"]))

    def kv(self, namespace: str, entries: Mapping[str, KvEntry], floor: int) -> Command:
        """Put back keys of a KV namespace."""
        cells = [part for key, entry in entries.items() for part in (key, f"{entry.revision} restored {entry.value}")]
        return self._runner.command(
            "restore_kv",
            kv=self._runner.keyspace.kv(namespace),
            tag=new_tag(),
            node=self._node_id,
            floor=floor,
            name=f"kv:{encode(namespace)}",
            cells=cells,
        )

    def _row(
        self,
        name: str,
        values: list[str | bytes],
        floor: int,
        *,
        known: int,
        guard: str = "revision",
        whole: bool = True,
        needs: str = "",
        unless: str = "",
        member: str = "",
        ends_ms: int = 0,
    ) -> Command:
        return self._runner.command(
            "restore_row",
            row=self._runner.keyspace.row(name),
            tag=new_tag(),
            node=self._node_id,
            floor=floor,
            name=name,
            guard=guard,
            known=known,
            whole=whole,
            needs=needs,
            unless=unless,
            member=member,
            ends_ms=str(ends_ms),
            values=values,
        )
