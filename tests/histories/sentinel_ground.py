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
"""A failover that is noticed began so long before at the most,"""

AWAY_S: Final = 1.0
"""and the primary was away for so long at least: else no Sentinel calls it down."""


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
        """Kill the primary and wait until a replica is promoted."""
        self._asked_for = True
        old = self.store
        others = [store for store in self._group.stores if store is not old]
        replicas = [store for store in others if not await _is_primary(store)]
        old.kill9()
        self._dead.append(old)

        async def promoted() -> StoreProcess:
            """A replica that is one no more; or one that had just come back and was none yet, once it is named."""
            for store in others:
                if await _is_primary(store) and (store in replicas or await self._named() == store.port):
                    return store
            raise AssertionError("nobody is primary")

        self.store = await eventually(promoted, PROMOTED_S, what="a replica is promoted", every_s=0.02)

    async def bring_back(self) -> None:
        """Once the Sentinels know the new primary, start who was killed; they make it a replica."""
        await eventually(self._known, PROMOTED_S, what="the new primary is known")
        while self._dead:
            self._dead.pop().start()
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
                start = max(0.0, well - NOTICED_S)
                await eventually(self.follows, PROMOTED_S, every_s=0.1)
                recorder.keep(Fault("failover", "store", start, start + AWAY_S, recorder.now()))
            well = recorder.now()

    async def _named(self) -> int:
        """The port of the primary, as the Sentinel says that has the newest configuration."""
        return max([await _names(sentinel) for sentinel in self._group.sentinels])[1]

    async def _known(self) -> bool:
        return await self._named() == self.store.port

    async def _other_primary(self) -> StoreProcess:
        """Who is primary now and is not `store`."""
        port = await self._named()
        for store in self._group.stores:
            if store is not self.store and store.port == port and await _is_primary(store):
                return store
        raise AssertionError("no other primary is named")


async def _names(sentinel: StoreProcess) -> tuple[int, int]:
    """The number of a Sentinel's configuration, and the primary's port in it."""
    async with Redis.from_url(sentinel.url, protocol=2) as client:
        reply = await _do(client, "SENTINEL", "MASTER", NAME)
    about = dict(zip(reply[::2], reply[1::2], strict=True))
    return int(about[b"config-epoch"]), int(about[b"port"])


async def _is_primary(store: StoreProcess) -> bool:
    try:
        async with Redis.from_url(store.url) as client:
            role, *_ = await _do(client, "ROLE")
    except (RedisError, OSError):  # it is about to change its role, or dead
        return False
    return bool(role == b"master")


async def _do(client: "Redis", *command: str) -> Any:
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]
