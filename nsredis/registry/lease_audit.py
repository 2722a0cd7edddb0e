"""Brokers without a deadline are never judged, so a node looks now and then whether each that it shows has one."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from nsredis.core.brokers import Broker, BrokerKey
from nsredis.core.errors import NsredisError
from nsredis.registry.keyspace import member
from nsredis.registry.runner import ScriptRunner

log = logging.getLogger(__name__)

EVERY_S: Final = 30.0
LOOK_S: Final = 0.5
"""How soon it is noticed that the view was read whole: then what took rows from the store may have taken deadlines."""

AT_ONCE: Final = 200
"""Brokers in one call: Redis is held for a fraction of a millisecond."""

Brokers = Mapping[BrokerKey, Broker]


class LeaseAudit:
    """Gives those that have no deadline one, a lease from now. `brokers`: those that the node's view shows, the same
    mapping until the view is read whole; None without a view that the store has confirmed."""

    def __init__(
        self, runner: ScriptRunner, brokers: Callable[[], Brokers | None], chance: Callable[[], float]
    ) -> None:
        self._runner = runner
        self._brokers = brokers
        self._chance = chance

    async def run(self) -> None:
        """Audit for ever."""
        loop = asyncio.get_running_loop()
        audited: Brokers | None = None
        next_at = 0.0
        while True:
            brokers = self._brokers()
            if brokers is not None and (brokers is not audited or loop.time() >= next_at):
                next_at = loop.time() + EVERY_S * (0.5 + self._chance())
                try:
                    await self.audit(brokers)
                    audited = brokers
                except NsredisError:
                    self._runner.observer.store_failed("audit")
            await asyncio.sleep(LOOK_S)

    async def audit(self, brokers: Brokers) -> int:
        """Look at each once, some at a time; how many had no deadline."""
        keys, found = list(brokers), []
        for i in range(0, len(keys), AT_ONCE):
            known = [brokers[key] for key in keys[i : i + AT_ONCE] if key in brokers]  # who left meanwhile is none
            parts = [
                part for broker in known for part in (member(BrokerKey(broker.name, broker.id)), str(broker.epoch))
            ]
            found += await self._runner.call("audit", brokers=parts)
        if found:
            self._runner.observer.deadlines_lost(len(found))
            log.warning(
                "%d brokers had no deadline in the store (%s ...) and would have stayed for ever: each has a lease now",
                len(found), found[0].decode(),
            )  # fmt: skip
        return len(found)
