"""A ground whose store is a primary with replicas and Sentinels, so that it can fail over."""

from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis

from nsredis.registry.server_binary import ServerBinary
from tests.histories.ground import Ground
from tests.support.eventually import eventually
from tests.support.sentinel_group import NAME, SentinelGroup
from tests.support.store_process import StoreProcess

PROMOTED_S: Final = 30.0


class SentinelGround(Ground):
    """`store` is the primary of the moment."""

    def __init__(self, folder: Path, binary: ServerBinary) -> None:
        super().__init__(folder, binary)
        self._group = SentinelGroup(folder / "sentinel", binary, replicas=2)
        self.store = self._group.primary
        self._dead: list[StoreProcess] = []

    async def _start_store(self) -> str:
        await self._group.start()
        return self._group.url

    async def _stop_store(self) -> None:
        self._group.kill()

    async def forget_replicas(self) -> None:
        """From now on no replica hears of what the primary is told."""
        async with Redis.from_url(self.store.url) as client:
            await _do(client, "ACL", "SETUSER", "replica", "off")
            await _do(client, "CLIENT", "KILL", "TYPE", "REPLICA")

    async def fail_over(self) -> None:
        """Kill the primary and wait until another one is named."""
        old = self.store
        old.kill9()
        self._dead.append(old)
        self.store = await eventually(self._other_primary, PROMOTED_S, what="a replica is promoted", every_s=0.05)

    async def _other_primary(self) -> StoreProcess:
        for sentinel in self._group.sentinels:
            async with Redis.from_url(sentinel.url, protocol=2) as client:
                _, port = await _do(client, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)
            for store in self._group.stores:
                if store is not self.store and store.port == int(port) and await _is_primary(store):
                    return store
        raise AssertionError("no Sentinel names another primary")

    async def bring_back(self) -> None:
        """Start who was killed; the Sentinels make it a replica."""
        while self._dead:
            self._dead.pop().start()


async def _is_primary(store: StoreProcess) -> bool:
    async with Redis.from_url(store.url) as client:
        role, *_ = await _do(client, "ROLE")
    return bool(role == b"master")


async def _do(client: "Redis", *command: str) -> Any:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]
