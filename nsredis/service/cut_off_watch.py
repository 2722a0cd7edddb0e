"""A node that alone is cut off from the store turns unready, so that brokers and clients go where they are heard."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from nsredis.core.cut_off import ASK_FROM_MS, is_cut_off
from nsredis.core.observer import Observer
from nsredis.registry.presence import Presence
from nsredis.registry.sweeper import Sweeper
from nsredis.service.peer_check import PeerCheck

log = logging.getLogger(__name__)

LOOK_S: Final = 0.25


class CutOffWatch:
    """Judges by the sweep, which writes several times a second. `on_cut_off` is called each time that it happens."""

    def __init__(self, node_id: str, sweeper: Sweeper, presence: Presence, observer: Observer) -> None:
        self._node_id = node_id
        self._sweeper = sweeper
        self._presence = presence
        self._observer = observer
        self.cut_off = False
        self.on_cut_off: Callable[[], None] = lambda: None

    @property
    def unwritten_ms(self) -> int:
        """How long ago the store last took a write of this node."""
        return self._sweeper.unwritten_ms

    async def run(self) -> None:
        """Watch for ever."""
        loop = asyncio.get_running_loop()
        well_since: float | None = None
        async with PeerCheck() as check:
            while True:
                await asyncio.sleep(LOOK_S)
                well = self._sweeper.failing_ms >= ASK_FROM_MS and await check.well(self._peers())
                well_since = (well_since or loop.time()) if well else None
                well_for_ms = int((loop.time() - well_since) * 1000) if well_since is not None else 0
                self._found(cut_off=is_cut_off(self._sweeper.failing_ms, well_for_ms))

    def _peers(self) -> list[str]:
        """The other nodes' addresses, those first that were ready when they were last heard of."""
        others = [node for node in self._presence.nodes() if node.id != self._node_id and node.http]
        return list(dict.fromkeys(node.http for node in sorted(others, key=lambda node: not node.ready)))

    def _found(self, *, cut_off: bool) -> None:
        if cut_off == self.cut_off:
            return
        self.cut_off = cut_off
        if cut_off:
            log.warning("cut off from the store while peers reach it: this node is unready, and brokers go elsewhere")
            self._observer.cut_off()
            self.on_cut_off()
        elif self._sweeper.failing_ms:
            log.warning("the peers do not reach the store either: this node is ready again and serves what it knows")
        else:
            log.warning("the store takes writes of this node again: it is ready")
