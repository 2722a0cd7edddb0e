"""Brokers whose connection closed: those whose loss is confirmed leave at once, the others are marked.

Behind a load balancer a closed connection says little, and firewalls and proxies refuse connections for hosts that
are well. So a port that refuses counts only where it was reached before, in the same life of the broker at the same
address; everything else is left to the lease. Whatever is decided is decided of what was seen when the connection
closed: the store refuses it when the broker has beaten or registered anew since.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final, NamedTuple

from nsredis.core.brokers import BrokerKey, Incarnation, Sighting
from nsredis.core.errors import NsredisError
from nsredis.core.observer import Observer
from nsredis.registry.broker_store import BrokerStore
from nsredis.service.lane import Lane
from nsredis.service.probe import Probe, Probed
from nsredis.view.view import View

log = logging.getLogger(__name__)

AGAIN_S: Final = (0.2, 0.4)
"""A process that is killed closes its sockets one after another: who still listens is probed again after these."""

FIRST_PROBES: Final = 16
SUSPECT_PROBES: Final = 48
"""Probes in flight: those after a registration, which can wait, do not hold up those after a loss."""

LOOKS: Final = 4
MARKS: Final = 2
"""Calls to the store at once: thousands of connections may close together, and others need the store as well."""

FORGET_FROM: Final = 1024
"""So many brokers are remembered before those that left are looked for."""


class Suspicion(NamedTuple):
    """A broker as it was when its connection closed, and how often it was probed since."""

    seen: Sighting
    probes: int


class Suspects:
    """Judges closed connections in the background; nothing here waits or raises. For one event loop.

    Without a `probe` nobody is ever removed.
    """

    def __init__(self, store: BrokerStore, probe: Probe | None, view: View, observer: Observer) -> None:
        self._store = store
        self._probe = probe
        self._view = view
        self._observer = observer
        self._reached: dict[BrokerKey, Incarnation] = {}
        self._forget_at = FORGET_FROM
        self._first_probes = Lane(self._reach, FIRST_PROBES)
        self._looks = Lane(self._look, LOOKS)
        self._suspicions = Lane(self._judge, SUSPECT_PROBES)
        self._marks = Lane(self._mark, MARKS)

    def registered(self, key: BrokerKey, address: str, epoch: int) -> None:
        """A broker registered here: see whether its port can be reached, unless it was in this epoch."""
        incarnation = Incarnation(key, address, epoch)
        if self._probe is not None and self._reached.get(key) != incarnation:
            self._first_probes.add(incarnation)

    def was_reached(self, incarnation: Incarnation) -> bool:
        """Whether this node reached a broker's port in this life of it: only then does a refusal mean anything."""
        return self._reached.get(incarnation.key) == incarnation

    def connection_lost(self, keys: Iterable[BrokerKey]) -> None:
        """The connection closed through which these brokers registered. Not for one that this node closes itself."""
        for key in keys:
            self._looks.add(key)

    async def close(self) -> None:
        """End what is under way; nothing is judged any more."""
        for lane in (self._first_probes, self._looks, self._suspicions, self._marks):
            await lane.close()

    async def _reach(self, incarnation: Incarnation) -> None:
        if await self._probed(incarnation) is not Probed.REACHED:
            return
        known = self._reached.get(incarnation.key)
        if known is None or known.epoch <= incarnation.epoch:
            self._reached[incarnation.key] = incarnation
        if len(self._reached) >= self._forget_at:
            self._forget_those_that_left()

    def _forget_those_that_left(self) -> None:
        state = self._view.state
        if state is not None:
            self._reached = {key: reached for key, reached in self._reached.items() if key in state.brokers}
        self._forget_at = max(FORGET_FROM, 2 * len(self._reached))

    async def _look(self, key: BrokerKey) -> None:
        """See how the broker stands now, before it is its turn to be judged: whatever it does later clears it."""
        try:
            seen = await self._store.sighting(key)
        except NsredisError:
            return  # the store is away, and then nobody is judged
        if seen is None:
            return
        if self._probe is None:
            self._marks.add((seen, "its connection closed"))
        elif self._reached.get(key) != seen.incarnation:
            # A refusal would not count, so there is nothing to ask.
            self._marks.add((seen, "its connection closed; its port has not been reached so far"))
        else:
            self._suspicions.add(Suspicion(seen, 0))

    async def _judge(self, suspicion: Suspicion) -> None:
        seen, probes = suspicion
        outcome = await self._probed(seen.incarnation)
        if outcome is Probed.REFUSED:
            await self._remove(seen)
        elif outcome is Probed.UNKNOWN:
            self._marks.add((seen, "its connection closed; its port does not answer"))
        elif probes == len(AGAIN_S):
            self._marks.add((seen, "its connection closed; its port can be reached"))
        else:
            asyncio.get_running_loop().call_later(AGAIN_S[probes], self._suspicions.add, Suspicion(seen, probes + 1))

    async def _probed(self, incarnation: Incarnation) -> Probed:
        assert self._probe is not None
        outcome = await self._probe(incarnation.address)
        self._observer.probed(outcome)
        return outcome

    async def _remove(self, seen: Sighting) -> None:
        key, address, _ = seen.incarnation
        try:
            revision = await self._store.remove_lost(seen)
        except NsredisError as error:
            log.debug("%s/%d stays: %s", key.name, key.id, error)
            return
        if revision:
            log.info("broker %s/%d is offline: its connection closed and %s refuses", key.name, key.id, address)

    async def _mark(self, mark: tuple[Sighting, str]) -> None:
        seen, why = mark
        key = seen.incarnation.key
        try:
            revision = await self._store.suspect(seen, why)
        except NsredisError as error:
            log.debug("%s/%d is no suspect: %s", key.name, key.id, error)
            return
        if revision:
            log.debug("broker %s/%d is suspect: %s", key.name, key.id, why)
