"""One namespace in a store, with each script under its own name and with short defaults for what a test leaves out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from fakeredis import FakeAsyncRedis, FakeServer

from nsredis.core.brake import HOLD_LEASES, HOLD_MOST_MS, WINDOW_MOST_MS
from nsredis.core.brokers import BrokerKey
from nsredis.core.changes import Change
from nsredis.core.names import encode
from nsredis.core.observer import SilentObserver
from nsredis.registry import rows
from nsredis.registry.keyspace import SCHEMA, Keyspace, brake_row
from nsredis.registry.link import StoreLink, open_link
from nsredis.registry.runner import ScriptRunner, new_tag
from tests.support.stored_rows import StoredRows

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
    """What `sweep` returns. `evicted`: member -> ms late; `brake`: what, cluster, why."""

    status: str
    now: int
    more: int
    gap: str
    evicted: dict[str, int]
    brake: list[tuple[str, str, str]]


class FollowReply(NamedTuple):
    """What `follow` returns."""

    status: str
    revision: int
    tag: str
    changes: list[Change]
    rows: dict[str, dict[bytes, bytes]]


class ScriptedStore(StoredRows):
    """The scripts of one namespace, and what they leave in it."""

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
            "members": self.keys.members(given.get("cluster", "c")),
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

    async def beat(self, name: str = "a", broker_id: int = 0, **given: Any) -> int:
        key = BrokerKey(name, broker_id)
        values: dict[str, Any] = {
            "broker": self.keys.broker(key),
            "lease": self.keys.lease(key),
            "members": self.keys.members(given.get("cluster", "c")),
            "tag": new_tag(),
            "member": f"{encode(name)}/{broker_id}",
            "cluster": "c",
            "epoch": None,
            "address": "",
            "node": "n1",
        }
        return int(await self.call("beat", **(values | given)))

    async def suspect(self, name: str = "a", broker_id: int = 0, **given: Any) -> int:
        """Mark a broker as it is now, unless `epoch` or `beat` say otherwise."""
        key = BrokerKey(name, broker_id)
        values: dict[str, Any] = {
            "broker": self.keys.broker(key),
            "lease": self.keys.lease(key),
            "tag": new_tag(),
            "by": "n1",
            "member": f"{encode(name)}/{broker_id}",
            "epoch": (await self.row(f"broker:{encode(name)}/{broker_id}")).get(b"epoch"),
            "beat": await self.last_beat(name, broker_id),
            "why": "its connection closed",
        }
        return int(await self.call("suspect", **(values | given)))

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
            "beat": None,
            "held": None,
            "reason": "unregistered",
        }
        return int(await self.call("unregister", **(values | given)))

    async def sweep(
        self,
        *,
        limit: int = 64,
        gap_ms: int | None = 100,
        node: str = "n1",
        seen: tuple[int, str] = (0, ""),
        least: int = 0,
    ) -> SweepReply:
        """Sweep as if the last sweep had been `gap_ms` ago (None: leave what is on record).

        `least`: so many must fall silent together for the brake; 0: it is off.
        """
        if gap_ms is not None:
            await self.set_last_sweep(await self.now() - gap_ms)
        status, now, more, gap, news, *evicted = await self.call(
            "sweep",
            tag=new_tag(),
            node=node,
            limit=limit,
            seen=seen[0],
            seen_tag=seen[1],
            least=least,
            percent=30,
            window_ms=WINDOW_MOST_MS,
            hold_leases=HOLD_LEASES,
            hold_ms=HOLD_MOST_MS,
        )
        late = {member.decode(): int(ms) for member, ms in zip(evicted[::2], evicted[1::2], strict=True)}
        told = [part.decode() for part in news]
        brake = list(zip(told[::3], told[1::3], told[2::3], strict=True))
        return SweepReply(status.decode(), int(now), int(more), gap.decode(), late, brake)

    async def release_brake(self, cluster: str = "c", *, by: str = "admin") -> int:
        brake, row = self.keys.brake(cluster), brake_row(cluster)
        return int(await self.call("release_brake", brake=brake, tag=new_tag(), by=by, row=row))

    async def follow(self, after: int, tag: str, *, limit: int = 500) -> FollowReply:
        status, revision, now_tag, entries, present = await self.call("follow", after=after, tag=tag, limit=limit)
        return FollowReply(
            status.decode(),
            int(revision),
            now_tag.decode(),
            [rows.change(entry, flat) for entry, flat in entries],
            {name.decode(): rows.pairs(flat) for name, flat in present},
        )

    async def announce(self, node: str = "n1", *, kept_ms: int = 3_600_000, info: list[str] | None = None) -> list[Any]:
        fields = info if info is not None else ["id", node]
        reply: list[Any] = await self.call(
            "announce", self=self.keys.node(node), node=node, kept_ms=kept_ms, info=fields
        )
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
