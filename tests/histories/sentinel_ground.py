"""A ground whose store is a primary with replicas and Sentinels, so that it can fail over."""

import asyncio
from pathlib import Path
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from nsredis.registry.server_binary import ServerBinary
from tests.histories.ground import Ground
from tests.histories.lines import Fault
from tests.histories.recorder import Recorder
from tests.support.eventually import eventually
from tests.support.sentinel_group import NAME, SentinelGroup
from tests.support.store_process import StoreProcess

SAFE: Final = {"min-replicas-to-write": "1", "min-replicas-max-lag": "2"}
"""As docs/operations.md wants it: an old primary that comes back before it is told of the new one takes no writes."""

PROMOTED_S: Final = 30.0
LOOK_S: Final = 0.2
NOTICED_S: Final = 3.0
"""A failover that is noticed began so long before at the most: the primary must be away for a second first."""


class SentinelGround(Ground):
    """`store` is the primary of the moment."""

    def __init__(self, folder: Path, binary: ServerBinary) -> None:
        super().__init__(folder, binary)
        self._group = SentinelGroup(folder / "sentinel", binary, replicas=2, config=SAFE)
        self.store = self._group.primary
        self._dead: list[StoreProcess] = []
        self._asked_for = False

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
        self._asked_for = True
        try:
            old = self.store
            old.kill9()
            self._dead.append(old)
            self.store = await eventually(self._other_primary, PROMOTED_S, what="a replica is promoted", every_s=0.05)
        finally:
            self._asked_for = False

    async def surprises(self, recorder: Recorder) -> None:
        """Sentinels fail over by themselves too, where the machine stalls: that is a fault like others."""
        well = recorder.now()
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                primary = None if self._asked_for else await self._other_primary()
            except (AssertionError, RedisError, OSError):
                primary = None
            if primary is not None and not self._asked_for:
                self.store = primary
                end = recorder.now()
                await eventually(self.follows, PROMOTED_S, every_s=0.1)
                recorder.keep(Fault("failover", "store", max(0.0, well - NOTICED_S), end, recorder.now()))
            well = recorder.now()

    async def _other_primary(self) -> StoreProcess:
        """Who is primary now and is not `store`."""
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
