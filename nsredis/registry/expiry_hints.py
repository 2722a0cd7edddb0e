"""Keyspace notifications of expired leases. A hint decides nothing: it only makes the sweep run now."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError, ResponseError

from nsredis.core.backoff import backoff_s
from nsredis.registry.refusals import Refusals
from nsredis.registry.runner import ScriptRunner

log = logging.getLogger(__name__)

PING_EVERY_S: Final = 1.0
SILENT_S: Final = 3.0
"""A connection that does not even answer pings for so long is given up: redis-py never finds a hung server."""

TOLD_WITHIN_S: Final = 1.0
"""How soon the expiry of a key that was touched must be told; it takes a millisecond."""

PROBE: Final = "%probe-"
"""No name of a broker starts so when it is percent-encoded."""


class ExpiryHints:
    """Listens on the primary that owns our lease keys and calls `hint` for each that expired."""

    def __init__(self, runner: ScriptRunner, hint: Callable[[], None], chance: Callable[[], float]) -> None:
        self._runner = runner
        self._hint = hint
        self._chance = chance
        self._probe = runner.keyspace.row(f"lease:{PROBE}{secrets.token_hex(4)}")
        self._warned = False
        channel = runner.keyspace.lease_events(runner.link.database)
        self._refusals = Refusals(f"nobody hears of expiries on the channel {channel}, only the sweep finds them")
        self.listening = False
        self.told = False
        """Whether this server has told of an expiry yet."""

    async def run(self) -> None:
        """Listen for ever; a connection that fails, falls silent or is on an old primary is replaced."""
        failures = 0
        while True:
            pubsub = self._runner.link.pubsub()
            try:
                await self._listen(pubsub)
            except (RedisError, OSError, TimeoutError) as error:
                self._refusals.failed(error)
                failures = 0 if self.listening else failures + 1
                self._runner.observer.store_failed("hints")
            finally:
                self.listening = self.told = False
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            self._hint()  # what expired meanwhile was not heard
            await asyncio.sleep(backoff_s(max(failures, 1), self._chance()))

    async def _listen(self, pubsub: PubSub) -> None:
        """Until the primary is another one."""
        loop = asyncio.get_running_loop()
        await allow_notifications(self._runner)
        generation = self._runner.link.generation
        await pubsub.psubscribe(self._runner.keyspace.lease_events(self._runner.link.database))
        heard = pinged = loop.time()
        probed = 0.0
        while self._runner.link.generation == generation:
            message = await pubsub.get_message(timeout=0.5)
            now = loop.time()
            if message is not None:
                heard = now
                if not self.listening:
                    self.listening, probed = True, now
                    await self._expire_one()
                self._refusals.works()
                self._told(message)
            if now - pinged > PING_EVERY_S:
                pinged = now
                await pubsub.ping()
            if now - heard > SILENT_S:
                raise TimeoutError("no pong")
            if self.listening and not self.told and not self._warned and now - probed > TOLD_WITHIN_S:
                self._warned = True
                log.warning(
                    "the store does not tell when leases expire (notify-keyspace-events needs Kx): lapsed brokers are "
                    "found by sweeping alone, up to 0.2 s later"
                )

    def _told(self, message: dict[str, Any]) -> None:
        if message["type"] == "pmessage" and message["data"] == b"expired":
            if not self.told:
                self.told, self._warned = True, False
            if not message["channel"].decode().endswith(self._probe):
                self._hint()

    async def _expire_one(self) -> None:
        """Let a key of ours expire: whether that is told can be seen, where the server's settings may not be asked."""
        await self._runner.link.execute("SET", self._probe, "", "PX", 1)
        await asyncio.sleep(0.005)
        await self._runner.link.execute("EXISTS", self._probe)


async def allow_notifications(runner: ScriptRunner) -> bool:
    """Add what we need to `notify-keyspace-events`; False when the server does not let us: it may have it already."""
    client = runner.link.commands
    try:
        present = (await client.config_get("notify-keyspace-events")).get("notify-keyspace-events") or ""
        missing = _missing_flags(present)
        if missing:
            await client.config_set("notify-keyspace-events", present + missing)
    except ResponseError as error:
        log.debug("keyspace notifications stay as they are: %s", error)
        return False
    return True


def _missing_flags(present: str) -> str:
    """What must be added so that expiries of keys are told: K and x (A includes x)."""
    return ("" if "K" in present else "K") + ("" if "x" in present or "A" in present else "x")
