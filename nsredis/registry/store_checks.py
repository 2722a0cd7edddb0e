"""What is wrong with the store that a node was given: looked at once it answers, and again on every new primary.

Nothing here stops a node, and a user who may not ask is not asked for rights. What the user may do is tried, every so
often: operators change it while nodes run.
"""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from redis.exceptions import NoPermissionError, RedisError, ResponseError

from nsredis.core.errors import StoreUnavailable
from nsredis.registry.primary import Greeting
from nsredis.registry.runner import ScriptRunner

log = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
RIGHTS_EVERY_S: Final = 30.0
OLDEST: Final = (7, 0)
CLOCK_OFF_MS: Final = 1000
"""Leases are judged by the store's clock alone; what differs only makes ages and delays look wrong."""


class StoreChecks:
    """Says in the log what is wrong, a line each."""

    def __init__(self, runner: ScriptRunner, durability: int, *, level: int = logging.WARNING) -> None:
        """`level`: how loudly; one of several nodes that start together says it for all."""
        self._level = level
        self._runner = runner
        self._durability = durability
        self._moved = asyncio.Event()
        self._refused: set[str] = set()
        runner.link.on_move(self._moved.set)

    async def run(self) -> None:
        """Check for ever."""
        while True:
            self._moved.clear()
            try:
                for problem in await self.check():
                    log.log(self._level, "the store: %s", problem)
            except (RedisError, OSError):
                await asyncio.sleep(AGAIN_S)  # others say that it does not answer
                continue
            while not self._moved.is_set():
                with suppress(StoreUnavailable):
                    self._tell(await self.rights())
                await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(RIGHTS_EVERY_S):
                await self._moved.wait()
        except TimeoutError:
            return

    def _tell(self, refused: set[str]) -> None:
        """Each right that is missing once, and that it was granted."""
        for what in sorted(refused - self._refused):
            log.warning("the store: a right that nsredis needs is missing: %s", what)
        for what in sorted(self._refused - refused):
            log.warning("the store: this right is no longer missing: %s", what)
        self._refused = refused

    async def rights(self) -> set[str]:
        """The commands that the user may not run, with the server's words."""
        probe = self._runner.keyspace.row(f"probe:{secrets.token_hex(6)}")
        try:
            reply = await self._runner.call("rights", probe=probe)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, NoPermissionError):
                raise
            return {f"{error.__cause__}"}
        words = [part.decode() for part in reply]
        return {f"{command} ({why})" for command, why in zip(words[::2], words[1::2], strict=True)}

    async def check(self) -> list[str]:
        """What is wrong now."""
        link = self._runner.link
        before = time.time()
        seconds, micros = await link.execute("TIME")
        offset_ms = int(seconds) * 1000 + int(micros) // 1000 - int((before + time.time()) * 500)
        problems = [] if link.finder.greeting is None else list(of_the_greeting(link.finder.greeting, link.description))
        problems += of_the_clock(offset_ms)
        if self._durability:
            replicas = await link.execute("WAIT", 0, 1)
            problems += of_the_replicas(int(replicas), self._durability)
        try:
            problems += of_the_info(await link.execute("INFO"))
        except ResponseError as error:
            log.info("the store: its eviction policy and its persistence are not checked: %s", error)
        return problems


def of_the_greeting(greeting: Greeting, description: str) -> Iterator[str]:
    """What the server says of itself to everybody."""
    version = tuple(int(part) for part in re.findall(r"\d+", greeting.version)[:2])
    if version < OLDEST:
        yield f"{greeting.server} {greeting.version} is too old: Redis 7.0 or Valkey 8 is the oldest that will do"
    through_cluster = "+cluster:" in description
    if greeting.mode == "cluster" and not through_cluster:
        yield "it is a member of a Redis Cluster: the setting redis must be a redis+cluster:// URL"
    if greeting.mode != "cluster" and through_cluster:
        yield "it is no Redis Cluster: the setting redis must be a redis:// or redis+sentinel:// URL"


def of_the_clock(offset_ms: int) -> Iterator[str]:
    """What differs between its clock and this machine's."""
    if abs(offset_ms) > CLOCK_OFF_MS:
        ahead = "ahead of" if offset_ms > 0 else "behind"
        yield f"its clock is {abs(offset_ms) / 1000:.1f} s {ahead} this machine's"


def of_the_replicas(replicas: int, durability: int) -> Iterator[str]:
    """Whether the replicas demanded can be had."""
    if replicas < durability:
        yield f"it has {replicas} replicas and the setting durability demands {durability}: such writes end in 503"


def of_the_info(info: Mapping[str, Any]) -> Iterator[str]:
    """What INFO tells of settings that lose data."""
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory") and policy != "noeviction":
        yield f"maxmemory-policy is {policy}: short of memory it throws leases away, which must be noeviction"
    if not info.get("aof_enabled", 1):
        yield "appendonly is off: a restart loses what was written since its last snapshot, if it makes any"
    elif info.get("aof_last_write_status", "ok") != "ok":
        yield "it cannot write its append-only file: a restart loses what came since"
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield "it cannot write its snapshots, and may refuse every write for that"
