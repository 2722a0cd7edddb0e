"""One namespace in a store, with each script under its own name and with short defaults for what a test leaves out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from fakeredis import FakeAsyncRedis, FakeServer

from nsredis.core.brokers import BrokerKey
from nsredis.core.changes import Change
from nsredis.core.names import encode
from nsredis.core.observer import SilentObserver
from nsredis.registry import rows
from nsredis.registry.keyspace import SCHEMA, Keyspace
from nsredis.registry.link import StoreLink, open_link
from nsredis.registry.runner import ScriptRunner, new_tag

LEASE_MS = 15_000


class RegisterReply(NamedTuple):
    """What `register` returns, as its header has it."""

    status: str
    epoch: int
    lease_ms: int
    revision: int
    created: int
    master: str
    master_ha: str
    version: int


class SweepReply(NamedTuple):
    """What `sweep` returns. `evicted`: member -> ms late."""

    status: str
    now: int
    more: int
    gap: str
    evicted: dict[str, int]


class FollowReply(NamedTuple):
    """What `follow` returns."""

    status: str
    revision: int
    tag: str
    changes: list[Change]
    rows: dict[str, dict[bytes, bytes]]


class ScriptedStore:
    """The scripts of one namespace. Rows are named as in the stream: `broker:a/0`, `table:a`, …"""

    def __init__(self, runner: ScriptRunner) -> None:
        self.runner = runner
        self.redis: Any = runner.link.commands
        self.keys = runner.keyspace

    # What is in the store.

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

    async def set_deadline(self, member: str, at_ms: int) -> None:
        await self.redis.zadd(self.keys.fixed["leases"], {member: at_ms})

    async def set_last_sweep(self, at_ms: int) -> None:
        await self.redis.hset(self.keys.fixed["sweep"], "at", at_ms)

    async def sweep_state(self) -> dict[bytes, bytes]:
        return await self.row("sweep")

    async def let_pass(self, ms: int) -> None:
        """Move all times that the sweep judges by into the past, as if so much time had gone by."""
        leases, nodes = self.keys.fixed["leases"], self.keys.fixed["nodes"]
        for zset in (leases, nodes):
            for member, _ in await self.redis.zrange(zset, 0, -1, withscores=True):
                await self.redis.zincrby(zset, -ms, member)
        times: dict[str, tuple[bytes, ...]] = {"sweep": (b"graceFrom", b"pauseFrom")}
        for member in await self.redis.zrange(leases, 0, -1):
            times[member.decode()] = (b"deferredUntil", b"deferredAt", b"lastBeat")
        for row, fields in times.items():
            present = await self.row(row) if row == "sweep" or row.startswith("broker:") else {}
            for field in fields:
                if present.get(field):
                    await self.redis.hincrby(self.keys.row(row), field, -ms)

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

    # The scripts.

    async def call(self, name: str, /, **values: Any) -> Any:
        return await self.runner.call(name, **values)

    async def open(self, *, floor: int = 0) -> tuple[str, int]:
        version, created = await self.call("open", version=str(SCHEMA), tag=new_tag(), by="node", floor=floor)
        return version.decode(), int(created)

    async def register(self, name: str = "a", broker_id: int = 0, **given: Any) -> RegisterReply:
        key = BrokerKey(name, broker_id)
        values: dict[str, Any] = {
            "broker": self.keys.broker(key),
            "lease": self.keys.lease(key),
            "group": self.keys.group(name),
            "topics": self.keys.table(name),
            "offline": self.keys.offline(key),
            "tag": new_tag(),
            "node": "n1",
            "by": "test",
            "name": encode(name),
            "id": str(broker_id),
            "cluster": "c",
            "address": f"10.0.0.{broker_id}:10911",
            "epoch": None,
            "instance": "",
            "lease_ms": LEASE_MS,
            "ha_address": "",
            "zone": "",
            "acting": False,
            "data_version": "",
            "filter_servers": "",
            "digest": "",
            "has_table": False,
            "base": 0,
            "write": False,
            "blob": b"",
            "body": "",
            "deleted": b"",
            "delta": b"",
        }
        reply = await self.call("register", **(values | given))
        status, epoch, lease_ms, revision, created, master, master_ha, version = reply
        return RegisterReply(
            status.decode(), epoch, lease_ms, revision, created, master.decode(), master_ha.decode(), version
        )

    async def register_table(self, name: str = "a", broker_id: int = 0, **given: Any) -> RegisterReply:
        """Register with a table made from the present version; `digest` and `blob` should be given."""
        version = await self.table_version(name)
        given = {"digest": "d1", "blob": b"blob", "has_table": True, "base": version, "write": True} | given
        return await self.register(name, broker_id, **given)

    async def table_version(self, name: str = "a") -> int:
        return int((await self.row(f"table:{encode(name)}")).get(b"version", 0))

    async def beat(self, name: str = "a", broker_id: int = 0, **given: Any) -> int:
        key = BrokerKey(name, broker_id)
        values: dict[str, Any] = {
            "broker": self.keys.broker(key),
            "lease": self.keys.lease(key),
            "member": f"{encode(name)}/{broker_id}",
            "cluster": "c",
            "epoch": None,
            "address": "",
            "node": "n1",
        }
        return int(await self.call("beat", **(values | given)))

    async def unregister(self, name: str = "a", broker_id: int = 0, **given: Any) -> int:
        key = BrokerKey(name, broker_id)
        values: dict[str, Any] = {
            "broker": self.keys.broker(key),
            "lease": self.keys.lease(key),
            "group": self.keys.group(name),
            "tag": new_tag(),
            "by": "test",
            "name": encode(name),
            "id": str(broker_id),
            "cluster": "c",
            "epoch": None,
            "address": "",
        }
        return int(await self.call("unregister", **(values | given)))

    async def sweep(self, *, limit: int = 64, gap_ms: int | None = 100, node: str = "n1") -> SweepReply:
        """Sweep as if the last sweep had been `gap_ms` ago (None: leave what is on record)."""
        if gap_ms is not None:
            await self.set_last_sweep(await self.now() - gap_ms)
        status, now, more, gap, *evicted = await self.call("sweep", tag=new_tag(), node=node, limit=limit)
        late = {member.decode(): int(ms) for member, ms in zip(evicted[::2], evicted[1::2], strict=True)}
        return SweepReply(status.decode(), int(now), int(more), gap.decode(), late)

    async def follow(self, after: int, tag: str, *, limit: int = 500) -> FollowReply:
        status, revision, now_tag, entries, present = await self.call("follow", after=after, tag=tag, limit=limit)
        return FollowReply(
            status.decode(),
            int(revision),
            now_tag.decode(),
            [rows.change(entry, flat) for entry, flat in entries],
            {name.decode(): rows.pairs(flat) for name, flat in present},
        )

    async def announce(self, node: str = "n1", *, ttl_ms: int = 5000, info: list[str] | None = None) -> list[Any]:
        fields = info if info is not None else ["id", node]
        reply: list[Any] = await self.call("announce", self=self.keys.node(node), node=node, ttl_ms=ttl_ms, info=fields)
        return reply

    async def write_tables(self, *tables: tuple[str, int, bytes, bytes, bytes], **given: Any) -> list[Any]:
        """Each table: name, version it was made from, blob, deleted, delta."""
        values: dict[str, Any] = {
            "tag": new_tag(),
            "kind": "topics",
            "by": "test",
            "why": "",
            "request": "r1",
            "writer": "",
            "tables": [
                part
                for name, version, blob, deleted, delta in tables
                for part in (encode(name), str(version), blob, deleted, delta)
            ],
        }
        reply: list[Any] = await self.call("write_tables", **(values | given))
        return reply

    async def set_override(self, name: str = "a", **given: Any) -> int:
        values: dict[str, Any] = {
            "group": self.keys.group(name),
            "tag": new_tag(),
            "by": "admin",
            "name": encode(name),
            "cluster": "c",
            "perm": "4",
            "why": "drain",
            "expires_ms": None,
            "request": "r1",
        }
        return int(await self.call("set_override", **(values | given)))

    async def put_kv(self, key: str, value: str | bytes | None, **given: Any) -> tuple[int, int, int, int]:
        values: dict[str, Any] = {
            "kv": self.keys.kv("ns"),
            "tag": new_tag(),
            "by": "admin",
            "row": "kv:ns",
            "key": key,
            "deletes": value is None,
            "value": value or "",
            "expected": None,
            "request": "r1",
        }
        key_revision, created, changed, revision = await self.call("put_kv", **(values | given))
        return int(key_revision), int(created), int(changed), int(revision)

    async def put_settings(self, **settings: str) -> int:
        parts = [part for pair in settings.items() for part in pair]
        return int(await self.call("put_settings", tag=new_tag(), by="admin", request="r1", values=parts))


@asynccontextmanager
async def real_runner(url: str, namespace: str) -> AsyncIterator[ScriptRunner]:
    """A runner on a real server."""
    link = open_link(url, namespace)
    try:
        yield ScriptRunner(link, Keyspace(namespace), SilentObserver())
    finally:
        await link.close()


@asynccontextmanager
async def fake_runner(namespace: str) -> AsyncIterator[ScriptRunner]:
    """A runner on a fakeredis of its own."""
    server = FakeServer()
    clients = [FakeAsyncRedis(server=server) for _ in range(2)]
    link = StoreLink(clients[0], clients[1], 0, "fakeredis")
    try:
        yield ScriptRunner(link, Keyspace(namespace), SilentObserver())
    finally:
        await link.close()
