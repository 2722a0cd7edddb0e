"""Following the changes: an atomic look at all that came after a revision, and a wake-up when something came."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from redis.exceptions import RedisError

from nsredis.core.backoff import backoff_s
from nsredis.core.changes import Change
from nsredis.registry import rows
from nsredis.registry.rows import Row
from nsredis.registry.runner import ScriptRunner

LOOK_LIMIT: Final = 500
BLOCK_MS: Final = 1000

Status = Literal["same", "changes", "behind", "forked", "lost"]


@dataclass(frozen=True, slots=True)
class RowDelta:
    """The changed topics of a table, as an entry of the stream carries them."""

    row: str
    version: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What `follow` saw.

    `changes`: it brings a node from the revision that it named to `revision`, with the rows as they are there.
    `same`: nothing happened. `behind`: too much happened, read all. `forked`: the store tells another history.
    `lost`: the store holds no namespace.
    """

    status: Status
    revision: int
    tag: str
    changes: list[Change] = field(default_factory=list)
    rows: list[tuple[str, Row]] = field(default_factory=list)
    deltas: list[RowDelta] = field(default_factory=list)


class ChangeFeed:
    """The changes of a namespace. `woken` is set when there may be something to see; it may be set for nothing."""

    def __init__(self, runner: ScriptRunner) -> None:
        self._runner = runner
        self.woken = asyncio.Event()

    async def look(self, after: int, tag: str) -> Look:
        """Everything that changed after the revision `after` marked `tag`, atomically."""
        reply = await self._runner.call("follow", after=after, tag=tag, limit=LOOK_LIMIT)
        return _look(reply)

    async def head(self) -> tuple[int, str]:
        """The newest revision and its tag, as Redis has them now; (0, "") when there is no namespace."""
        command = ["HMGET", self._runner.keyspace.fixed["revision"], "n", "tag"]
        n, tag = await self._runner.translate(self._runner.link.execute(*command))
        return (int(n), tag.decode()) if n else (0, "")

    async def wake_for_ever(self, chance: Callable[[], float]) -> None:
        """Set `woken` whenever the stream grows. Its own connection, whose read time-out finds a dead peer."""
        failures = 0
        position = b""
        while True:
            try:
                position = await self._wake_after(position)
            except (RedisError, OSError):
                self._runner.observer.store_failed("wake")
                failures += 1
                self.woken.set()
                await asyncio.sleep(backoff_s(failures, chance()))
                continue
            failures = 0

    async def _wake_after(self, position: bytes) -> bytes:
        """Wait for an entry after `position`, wake when there is one; the next position."""
        stream = self._runner.keyspace.fixed["changes"]
        link = self._runner.link
        if position:
            reply = await link.block("XREAD", "COUNT", 100, "BLOCK", BLOCK_MS, "STREAMS", stream, position)
            if reply:
                self.woken.set()
                return _last_id(reply)
        # Nothing came, or nothing will ever come: a stream that started anew does not reach an old position. And `$` is
        # no position to wait from, since it misses what comes between two reads.
        newest = await link.block("XREVRANGE", stream, "+", "-", "COUNT", 1)
        last: bytes = newest[0][0] if newest else b"0-0"
        if last != position:
            self.woken.set()
        return last


def _last_id(reply: Any) -> bytes:
    streams = reply.items() if isinstance(reply, dict) else reply
    entries = next(iter(streams))[1]
    if entries and isinstance(entries[0][0], list):
        entries = entries[-1]
    last: bytes = entries[-1][0]
    return last


def _look(reply: list[Any]) -> Look:
    status, revision, tag, entries, present = reply
    look = Look(status.decode(), int(revision), tag.decode())
    whole = set()
    for name, flat in present:
        whole.add(name)
        look.rows.append((name.decode(), rows.pairs(flat)))
    for entry_id, flat in entries:
        change = rows.change(entry_id, flat)
        look.changes.append(change)
        raw = rows.pairs(flat).get(b"delta")
        if raw:
            look.deltas.extend(
                RowDelta(subject, change.revision, raw)
                for subject in change.subjects
                if subject.startswith("table:") and subject.encode() not in whole
            )
    return look
