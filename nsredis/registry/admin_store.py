"""What operators and table owners write: tables, overrides, KV, settings. None of these is repeated by itself."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
class KvWritten:
    """Outcome of a KV write: the key's revision (0: gone), and the namespace's revision that covers it."""

    key_revision: int
    created: bool
    changed: bool
    revision: int


def _request_id() -> str:
    """Marks the row with the write that made it, so that an unknown outcome can be looked up."""
    return secrets.token_hex(8)


class AdminStore:
    """Administrative writes. OutcomeUnknown when Redis did not answer in time: such a write may have happened."""

    def __init__(self, runner: ScriptRunner) -> None:
        self._runner = runner

    async def write_tables(
        self, writes: Sequence[TableWrite], *, kind: ChangeKind, by: str, why: str = "", writer: int | None = None
    ) -> int | None:
        """Write all the tables or none; the revision after it, None when one of them has moved meanwhile."""
        values: list[str | bytes] = []
        for write in writes:
            values += [
                encode(write.name),
                str(write.base.version),
                tables.encode_blob(write.changed),
                tables.encode_deleted(write.changed.deleted),
                tables.encode_delta(write.base, write.changed) if write.base.version else b"",
            ]
        written, answer = await self._runner.call(
            "write_tables",
            idempotent=False,
            tag=new_tag(),
            kind=kind.value,
            by=by,
            why=why,
            request=_request_id(),
            writer="" if writer is None else str(writer),
            tables=values,
        )
        return int(answer) if written else None

    async def set_override(
        self, cluster: str, name: str, *, perm: int | None, why: str, expires_in_ms: int | None, by: str
    ) -> int:
        """Limit a group to the permission bits `perm`, or lift the limit (None); 0 when there was nothing to lift."""
        reply = await self._runner.call(
            "set_override",
            idempotent=False,
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
        return int(reply)

    async def write_kv(
        self, namespace: str, key: str, value: str | None, *, expected: int | None, by: str
    ) -> KvWritten:
        """Set a key, or delete it (None). PreconditionFailed unless it has the revision `expected` (0: none)."""
        key_revision, created, changed, revision = await self._runner.call(
            "put_kv",
            idempotent=False,
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
        return KvWritten(int(key_revision), bool(created), bool(changed), int(revision))

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

    async def put_settings(self, values: Mapping[str, str], *, by: str) -> int:
        """Change settings, an empty value back to the default; the revision that has them, 0 when none ever changed."""
        reply = await self._runner.call(
            "put_settings",
            idempotent=False,
            tag=new_tag(),
            by=by,
            request=_request_id(),
            values=[part for pair in values.items() for part in pair],
        )
        return int(reply)
