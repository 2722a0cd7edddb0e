"""Brokers that the expiry brake holds are probed; those whose port refuses leave at once.

As with closed connections, a refusal counts only on a node that reached that port before, in the same life of the
broker: firewalls refuse for hosts that are well. The store refuses the removal of one that has beaten since.
"""

import asyncio
import logging
from typing import Final

from nsredis.core.brokers import Broker, Incarnation
from nsredis.core.errors import NsredisError
from nsredis.core.observer import Observer
from nsredis.registry.broker_store import BrokerStore
from nsredis.service.lane import Lane
from nsredis.service.probe import Probe, Probed
from nsredis.service.suspects import Suspects
from nsredis.view.view import View

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
AT_ONCE: Final = 16


class HeldProbes:
    """Probes held brokers in the background, for as long as they are held. For one event loop."""

    def __init__(self, store: BrokerStore, probe: Probe, suspects: Suspects, view: View, observer: Observer) -> None:
        self._store = store
        self._probe = probe
        self._suspects = suspects
        self._view = view
        self._observer = observer
        self._lane = Lane(self._judge, AT_ONCE)

    async def run(self) -> None:
        """Probe for ever."""
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                self._look()
        finally:
            await self._lane.close()

    def _look(self) -> None:
        """Probe those that are held now and that this node can judge."""
        state = self._view.state
        if state is None:
            return
        for key in state.held:
            broker = state.brokers[key]
            if self._suspects.was_reached(Incarnation(key, broker.address, broker.epoch)):
                self._lane.add(broker)

    async def _judge(self, broker: Broker) -> None:
        outcome = await self._probe(broker.address)
        self._observer.probed(outcome)
        if outcome is not Probed.REFUSED:
            return
        try:
            revision = await self._store.remove_held(broker)
        except NsredisError as error:
            log.debug("%s/%d stays: %s", broker.name, broker.id, error)
            return
        if revision:
            log.info("broker %s/%d is offline: it was held, and %s refuses", broker.name, broker.id, broker.address)
