"""Keyspace notifications of expired leases. A hint decides nothing: it only makes the sweep run now."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from nsredis.core.backoff import backoff_s
from nsredis.registry.runner import ScriptRunner

log = logging.getLogger(__name__)

PING_EVERY_S: Final = 1.0
SILENT_S: Final = 3.0
"""A connection that does not even answer pings for so long is given up: redis-py never finds a hung server."""


class ExpiryHints:
    """Listens on the primary that owns our lease keys and calls `hint` for each that expired."""

    def __init__(self, runner: ScriptRunner, hint: Callable[[], None], chance: Callable[[], float]) -> None:
        self._runner = runner
        self._hint = hint
        self._chance = chance
        self.listening = False

    async def run(self) -> None:
        """Listen for ever; a connection that fails or falls silent is replaced."""
        failures = 0
        while True:
            pubsub = self._runner.link.pubsub()
            try:
                await self._listen(pubsub)
            except (RedisError, OSError, TimeoutError):
                failures = 0 if self.listening else failures + 1
                self._runner.observer.store_failed("hints")
            finally:
                self.listening = False
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
            self._hint()  # what expired meanwhile was not heard
            await asyncio.sleep(backoff_s(max(failures, 1), self._chance()))

    async def _listen(self, pubsub: PubSub) -> None:
        loop = asyncio.get_running_loop()
        await pubsub.psubscribe(self._runner.keyspace.lease_events(self._runner.link.database))
        heard = pinged = loop.time()
        while True:
            message = await pubsub.get_message(timeout=0.5)
            now = loop.time()
            if message is not None:
                heard = now
                self.listening = True
                if message["type"] == "pmessage" and message["data"] == b"expired":
                    self._hint()
            if now - pinged > PING_EVERY_S:
                pinged = now
                await pubsub.ping()
            if now - heard > SILENT_S:
                raise TimeoutError("no pong")


async def allow_notifications(runner: ScriptRunner) -> bool:
    """Add what we need to `notify-keyspace-events`; False when the server does not let us: then sweeping must do."""
    client = runner.link.commands
    try:
        present = (await client.config_get("notify-keyspace-events")).get("notify-keyspace-events") or ""
        missing = _missing_flags(present)
        if missing:
            await client.config_set("notify-keyspace-events", present + missing)
    except RedisError as error:
        log.warning("keyspace notifications stay as they are (%s): lapsed brokers are found by sweeping alone", error)
        return False
    return True


def _missing_flags(present: str) -> str:
    """What must be added so that expiries of keys are told: K and x (A includes x)."""
    return ("" if "K" in present else "K") + ("" if "x" in present or "A" in present else "x")
