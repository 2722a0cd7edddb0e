"""What operators and table owners write: tables, overrides, KV, settings. None of these is repeated by itself."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsredis.core.changes import ChangeKind
from nsredis.core.names import encode
from nsredis.registry import tables
from nsredis.registry.keyspace import brake_row
from nsredis.registry.runner import ScriptRunner, new_tag
from nsredis.registry.tables import Table


@dataclass(frozen=True, slots=True)
class TableWrite:
    """One group's table, made from another version of it."""

    name: str
    base: Table
    changed: Table


@dataclass(frozen=True, slots=True)
class Written:
    """Outcome of a write: the namespace's revision that covers it, and how many replicas of the store have it (None:
    nobody waited for any)."""

    revision: int
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class KvWritten(Written):
    """Outcome of a KV write: also the key's revision (0: gone)."""

    key_revision: int = 0
    created: bool = False
    changed: bool = False


def _request_id() -> str:
    """Marks the row with the write that made it, so that an unknown outcome can be looked up."""
    return secrets.token_hex(8)


class AdminStore:
    """Administrative writes. OutcomeUnknown when Redis did not answer in time: such a write may have happened.

    `durability`: how many replicas are waited for after what an operator writes. When too few have it in time, that is
    no error here: what is returned says how many do.
    """

    def __init__(self, runner: ScriptRunner, durability: int = 0) -> None:
        self._runner = runner
        self.durability = durability

    async def _write(self, script: str, /, **values: object) -> tuple[Any, int | None]:
        if not self.durability:
            return await self._runner.call(script, idempotent=False, **values), None
        return await self._runner.call_replicated(script, self.durability, **values)

    async def settled(self) -> Written:
        """Nothing is to be written: but what was written before, maybe by the same request, may not be replicated."""
        return Written(0, await self._runner.replicated(self.durability) if self.durability else None)

    async def write_tables(
        self, writes: Sequence[TableWrite], *, kind: ChangeKind, by: str, why: str = "", writer: int | None = None
    ) -> Written | None:
        """Write all the tables or none; None when one of them has moved meanwhile.

        `writer`: the id of the broker that writes its own group's table; then no replica is waited for.
        """
        values: list[str | bytes] = []
        for write in writes:
            values += [
                encode(write.name),
                str(write.base.version),
                tables.encode_blob(write.changed),
                tables.encode_deleted(write.changed.deleted),
                tables.encode_delta(write.base, write.changed) if write.base.version else b"",
            ]
        arguments: dict[str, object] = {
            "tag": new_tag(),
            "kind": kind.value,
            "by": by,
            "why": why,
            "request": _request_id(),
            "writer": "" if writer is None else str(writer),
            "tables": values,
        }
        replicas = None
        if writer is None:
            (written, answer), replicas = await self._write("write_tables", **arguments)
        else:
            written, answer = await self._runner.call("write_tables", idempotent=False, **arguments)
        return Written(int(answer), replicas) if written else None

    async def set_override(
        self, cluster: str, name: str, *, perm: int | None, why: str, expires_in_ms: int | None, by: str
    ) -> Written:
        """Limit a group to the permission bits `perm`, or lift the limit (None); revision 0: nothing was to lift."""
        reply, replicas = await self._write(
            "set_override",
            group=self._runner.keyspace.group(name),
            tag=new_tag(),
            by=by,
            name=encode(name),
            cluster=cluster,
            perm="" if perm is None else str(perm),
            why=why,
            expires_ms=expires_in_ms,
            request=_request_id(),
        )
        return Written(int(reply), replicas)

    async def write_kv(
        self, namespace: str, key: str, value: str | None, *, expected: int | None, by: str
    ) -> KvWritten:
        """Set a key, or delete it (None). PreconditionFailed unless it has the revision `expected` (0: none)."""
        (key_revision, created, changed, revision), replicas = await self._write(
            "put_kv",
            kv=self._runner.keyspace.kv(namespace),
            tag=new_tag(),
            by=by,
            row=f"kv:{encode(namespace)}",
            key=key,
            deletes=value is None,
            value=value or "",
            expected=expected,
            request=_request_id(),
        )
        return KvWritten(int(revision), replicas, int(key_revision), bool(created), bool(changed))

    async def release_brake(self, cluster: str, *, by: str) -> int:
        """Let go the brokers that the brake holds in a cluster; the revision that has it, 0 when it is not engaged."""
        reply = await self._runner.call(
            "release_brake",
            brake=self._runner.keyspace.brake(cluster),
            tag=new_tag(),
            by=by,
            row=brake_row(cluster),
        )
        return int(reply)

    async def put_settings(self, values: Mapping[str, str], *, by: str) -> Written:
        """Change settings, an empty value back to the default; the revision that has them, 0 when none ever changed."""
        reply, replicas = await self._write(
            "put_settings",
            tag=new_tag(),
            by=by,
            request=_request_id(),
            values=[part for pair in values.items() for part in pair],
        )
        return Written(int(reply), replicas)
