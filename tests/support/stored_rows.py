"""What a namespace holds, read past all code of ours, and turned where a test needs it."""

from typing import Any

from nsredis.core.changes import Change
from nsredis.core.names import encode
from nsredis.registry import rows
from nsredis.registry.runner import ScriptRunner
from tests.support.eventually import eventually


class StoredRows:
    """One namespace. Rows are named as in the stream: `broker:a/0`, `table:a`, …"""

    def __init__(self, runner: ScriptRunner) -> None:
        self.runner = runner
        self.redis: Any = runner.link.commands
        self.keys = runner.keyspace

    async def now(self) -> int:
        """Redis' clock in ms."""
        seconds, micros = await self.redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def row(self, name: str) -> dict[bytes, bytes]:
        row: dict[bytes, bytes] = await self.redis.hgetall(self.keys.row(name))
        return row

    async def rows(self) -> set[str]:
        """The names of all rows, as the store lists them."""
        return {name.decode() for name in await self.redis.smembers(self.keys.fixed["rows"])}

    async def head(self) -> tuple[int, str]:
        n, tag = await self.redis.hmget(self.keys.fixed["revision"], "n", "tag")
        return int(n or 0), (tag or b"").decode()

    async def changes(self) -> list[Change]:
        entries = await self.redis.xrange(self.keys.fixed["changes"])
        return [rows.change(entry, [part for pair in row.items() for part in pair]) for entry, row in entries]

    async def last_change(self) -> Change:
        return (await self.changes())[-1]

    async def deadline(self, member: str) -> int | None:
        """When a member of `leases` is due."""
        score = await self.redis.zscore(self.keys.fixed["leases"], member)
        return None if score is None else int(score)

    async def last_beat(self, name: str = "a", broker_id: int = 0) -> bytes | None:
        """When a broker last beat, as the store keeps it."""
        return (await self.row(f"lease:{encode(name)}/{broker_id}")).get(b"beat")

    async def table_version(self, name: str = "a") -> int:
        return int((await self.row(f"table:{encode(name)}")).get(b"version", 0))

    async def set_deadline(self, member: str, at_ms: int, *, cluster: str = "c") -> None:
        await self.redis.zadd(self.keys.fixed["leases"], {member: at_ms})
        if member.startswith("broker:"):
            await self.redis.zadd(self.keys.members(cluster), {member.removeprefix("broker:"): at_ms}, xx=True)

    async def lapse(self, *members: str, cluster: str = "c") -> None:
        """The leases of these (`name/id`) lapsed a moment ago, all at once, and there was no gap."""
        await eventually(lambda: self.redis.hexists(self.keys.fixed["sweep"], "at"), what="the first sweep")
        at_ms = await self.now() - 1
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.zadd(self.keys.fixed["leases"], {f"broker:{member}": at_ms for member in members})
            pipe.zadd(self.keys.members(cluster), dict.fromkeys(members, at_ms))
            pipe.hdel(self.keys.fixed["sweep"], "graceFrom")
            await pipe.execute()

    async def set_last_sweep(self, at_ms: int) -> None:
        await self.redis.hset(self.keys.fixed["sweep"], "at", at_ms)

    async def sweep_state(self) -> dict[bytes, bytes]:
        return await self.row("sweep")

    async def let_pass(self, ms: int) -> None:
        """Move all times that the sweep judges by into the past, as if so much time had gone by."""
        leases, nodes = self.keys.fixed["leases"], self.keys.fixed["nodes"]
        counted = [key for kind in ("members", "expired") for key in await self.redis.keys(self.keys.row(f"{kind}:*"))]
        for zset in (leases, nodes, *counted):
            for member, _ in await self.redis.zrange(zset, 0, -1, withscores=True):
                await self.redis.zincrby(zset, -ms, member)
        times: dict[str, tuple[bytes, ...]] = {"sweep": (b"graceFrom", b"pauseFrom")}
        for member in await self.redis.zrange(leases, 0, -1):
            times[member.decode()] = (b"deferredUntil", b"deferredAt", b"lastBeat", b"heldAt")
        for row, fields in times.items():
            present = await self.row(row) if row == "sweep" or row.startswith("broker:") else {}
            for field in fields:
                if present.get(field):
                    await self.redis.hincrby(self.keys.row(row), field, -ms)
        for key in await self.redis.keys(self.keys.row("released:*")):
            await self.redis.incrby(key, -ms)

    async def everything(self) -> dict[str, object]:
        """All keys of the namespace with their contents, to see that nothing changed."""
        found: dict[str, object] = {}
        for key in sorted(await self.redis.keys(f"{self.keys.prefix}*")):
            kind = (await self.redis.type(key)).decode()
            read = {
                "hash": self.redis.hgetall,
                "set": self.redis.smembers,
                "string": self.redis.get,
                "stream": self.redis.xrange,
            }
            if kind == "zset":
                found[key.decode()] = await self.redis.zrange(key, 0, -1, withscores=True)
            else:
                found[key.decode()] = await read[kind](key)
        return found
