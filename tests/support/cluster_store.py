"""A Redis Cluster of real processes on loopback, put together without redis-cli."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from redis.asyncio import Redis

from nsredis.registry.server_binary import ServerBinary
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.sentinel_group import own_port
from tests.support.store_process import StoreProcess

PRIMARIES = 3
SLOTS = 16384
NODE_TIMEOUT_MS = 1000


async def ask(store: StoreProcess, *command: str | bytes | int) -> Any:
    """One command to one member, whatever the slot."""
    async with Redis.from_url(store.url, protocol=2) as client:
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]


class ClusterStore:
    """Three primaries with the slots in equal parts, and a replica for each of the first `replicas` of them."""

    def __init__(
        self,
        folder: Path,
        binary: ServerBinary,
        *,
        replicas: int = PRIMARIES,
        config: Mapping[str, str] | None = None,
        tls: Mapping[str, str] | None = None,
    ) -> None:
        settings = {
            "cluster-enabled": "yes",
            "cluster-node-timeout": str(NODE_TIMEOUT_MS),
            "cluster-replica-validity-factor": "0",
            "notify-keyspace-events": "Kx",
            "repl-diskless-sync-delay": "0",
            "repl-ping-replica-period": "1",
            **(config or {}),
        }
        tls = {**tls, "tls-cluster": "yes", "tls-replication": "yes"} if tls else {}
        self.stores = [
            StoreProcess(
                folder / f"member{i}", binary, config={**settings, **own_port(tls), "cluster-port": str(free_port())}
            )
            for i in range(PRIMARIES + replicas)
        ]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{store.peer_port}" for store in self.stores[:PRIMARIES])

    async def start(self) -> None:
        """Start it and wait until every member calls it whole and every replica follows."""
        for store in self.stores:
            store.start()
        first = self.stores[0]
        for i, store in enumerate(self.stores):
            if i < PRIMARIES:
                ends = SLOTS * i // PRIMARIES, SLOTS * (i + 1) // PRIMARIES - 1
                await ask(store, "CLUSTER", "ADDSLOTSRANGE", *ends)
                await ask(store, "CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            if store is not first:
                await ask(store, "CLUSTER", "MEET", "127.0.0.1", first.peer_port, first.config["cluster-port"])
        await eventually(self._whole, 30, what="the cluster is whole", every_s=0.05)
        for i, store in enumerate(self.stores[PRIMARIES:]):
            await ask(store, "CLUSTER", "REPLICATE", await self.id_of(self.stores[i]))
        await eventually(self._followed, 30, what="every replica follows", every_s=0.05)

    async def _whole(self) -> bool:
        for store in self.stores:
            about = (await ask(store, "CLUSTER", "INFO")).decode()
            if "cluster_state:ok" not in about or f"cluster_known_nodes:{len(self.stores)}" not in about:
                return False
        return True

    async def _followed(self) -> bool:
        replicas = len(self.stores) - PRIMARIES
        for store in self.stores:
            if (await ask(store, "CLUSTER", "NODES")).count(b"slave") != replicas:
                return False
        links = [(await ask(store, "INFO"))["master_link_status"] for store in self.stores[PRIMARIES:]]
        return links == ["up"] * replicas

    async def id_of(self, store: StoreProcess) -> str:
        name: bytes = await ask(store, "CLUSTER", "MYID")
        return name.decode()

    async def owner(self, key: str, among: list[StoreProcess] | None = None) -> StoreProcess:
        """The member that owns a key's slot, as those of `among` say that run."""
        asked = (among or self.stores)[-1]
        slot = int(await ask(asked, "CLUSTER", "KEYSLOT", key))
        for first, last, (_, port, *_), *_ in await ask(asked, "CLUSTER", "SLOTS"):
            if int(first) <= slot <= int(last):
                return next(store for store in self.stores if int(port) in (store.port, store.peer_port))
        raise AssertionError(f"nobody owns slot {slot}")

    async def move(self, key: str, old: StoreProcess, new: StoreProcess) -> None:
        """Move the slot of a key, key by key, as redis-cli does; whoever asks meanwhile hears of ASK and TRYAGAIN."""
        slot = int(await ask(old, "CLUSTER", "KEYSLOT", key))
        old_id, new_id = await self.id_of(old), await self.id_of(new)
        await ask(new, "CLUSTER", "SETSLOT", slot, "IMPORTING", old_id)
        await ask(old, "CLUSTER", "SETSLOT", slot, "MIGRATING", new_id)
        while keys := await ask(old, "CLUSTER", "GETKEYSINSLOT", slot, 3):
            await ask(old, "MIGRATE", "127.0.0.1", new.port, "", 0, 5000, "KEYS", *keys)
        for store in (new, old):
            await ask(store, "CLUSTER", "SETSLOT", slot, "NODE", new_id)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self.kill()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """End every process."""
        for store in self.stores:
            store.kill9()
