"""Reading a whole namespace: all rows in pipelines, and the changes that are still kept."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nsredis.core.changes import Change
from nsredis.core.errors import NotReady
from nsredis.registry import rows
from nsredis.registry.keyspace import SCHEMA
from nsredis.registry.rows import Row
from nsredis.registry.runner import ScriptRunner

ROWS_AT_ONCE: Final = 200
CHANGES_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Head:
    """Where the store stood before the rows were read. `opened` is False when there is no namespace."""

    opened: bool
    revision: int
    tag: str


class SnapshotReader:
    """Reads rows one by one as they are at some time after `head`: whoever needs one moment follows from there."""

    def __init__(self, runner: ScriptRunner) -> None:
        self._runner = runner
        self._fixed = runner.keyspace.fixed

    async def head(self) -> Head:
        """The newest revision; NotReady when a newer release wrote the namespace."""
        schema, (n, tag) = await self._run(
            [["GET", self._fixed["schema"]], ["HMGET", self._fixed["revision"], "n", "tag"]]
        )
        if schema is not None and int(schema) > SCHEMA:
            raise NotReady(
                f"the namespace has layout {int(schema)}; this release reads up to {SCHEMA}: upgrade this node"
            )
        return Head(schema is not None and n is not None, int(n or 0), (tag or b"").decode())

    async def rows(self) -> AsyncIterator[list[tuple[str, Row]]]:
        """All rows, some hundred at a time."""
        cursor: Any = 0
        seen: set[bytes] = set()
        while True:
            (reply,) = await self._run([["SSCAN", self._fixed["rows"], cursor, "COUNT", ROWS_AT_ONCE]])
            cursor, found = reply
            fresh = [name for name in found if name not in seen]
            seen.update(fresh)
            for i in range(0, len(fresh), ROWS_AT_ONCE):
                names = [name.decode() for name in fresh[i : i + ROWS_AT_ONCE]]
                yield await self.read(names)
            if int(cursor) == 0:
                return

    async def read(self, names: Sequence[str]) -> list[tuple[str, Row]]:
        """These rows as they are now; empty where there is none."""
        replies = await self._run([["HGETALL", self._runner.keyspace.row(name)] for name in names])
        return list(zip(names, replies, strict=True))

    async def changes(self) -> list[Change]:
        """The changes that are kept, oldest first."""
        kept: list[Change] = []
        start = "-"
        while True:
            (entries,) = await self._run([["XRANGE", self._fixed["changes"], start, "+", "COUNT", CHANGES_AT_ONCE]])
            kept.extend(rows.change(entry_id, _flat(fields)) for entry_id, fields in entries)
            if len(entries) < CHANGES_AT_ONCE:
                return kept
            start = f"({entries[-1][0].decode()}"

    async def _run(self, commands: list[list[str | bytes | int]]) -> list[Any]:
        replies = await self._runner.pipeline(commands)
        for reply in replies:
            if isinstance(reply, Exception):
                await self._runner.translate(_raise(reply))
        return replies


def _flat(fields: Any) -> list[bytes]:
    """redis-py gives stream fields as a mapping."""
    return [part for pair in fields.items() for part in pair] if isinstance(fields, dict) else list(fields)


async def _raise(error: Exception) -> None:
    raise error
