"""The view: this node's copy of the namespace at one revision. Read by everybody, written by the follower."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Iterable, Mapping
from typing import Final

from nsredis.core.brokers import Broker, BrokerKey
from nsredis.core.changes import Change, ChangeKind, Removal
from nsredis.core.errors import TooFarBehind
from nsredis.core.observer import Observer
from nsredis.view.row_changes import Write
from nsredis.view.state import Dirty, State
from nsredis.view.subscriptions import Subscriptions

FRESH_MS: Final = 2000
"""The view is compared with Redis every second; it counts as followed while the last match is younger than this."""

_REMOVALS: Final[dict[str, Removal]] = {
    ChangeKind.EXPIRE: Removal.EXPIRED,
    ChangeKind.UNREGISTER: Removal.UNREGISTERED,
    ChangeKind.LOST: Removal.CONNECTION_LOST,
}


class View:
    """A State that moves, who waits for it, and how old it is. For one event loop.

    `saved`: it was read from disk, and the store has not been heard since this node started.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.state: State | None = None
        """None before the first full load. Only this class replaces it."""
        self._matched_at = 0.0
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self.subscriptions = Subscriptions()
        self.saved = False
        self.clock_offset_ms = 0

    @property
    def revision(self) -> int:
        """The revision applied; 0 before the first full load."""
        return self.state.revision if self.state is not None else 0

    def confirmed_brokers(self) -> Mapping[BrokerKey, Broker] | None:
        """The brokers, unless the store has confirmed none of it; another mapping after every full load."""
        return None if self.state is None or self.saved else self.state.brokers

    def stale_ms(self) -> int:
        """0 while the view follows Redis; else the milliseconds since it was last known to match."""
        if self.state is None:
            return 0
        age_ms = int((time.monotonic() - self._matched_at) * 1000)
        if self.saved:
            return max(1, age_ms)
        return 0 if age_ms < FRESH_MS else age_ms

    def fresh_until(self) -> float:
        """Until when (monotonic seconds) `stale_ms` stays 0, whatever happens; a time that is past when it is not 0."""
        return self._matched_at + FRESH_MS / 1000 if self.state is not None and not self.saved else 0.0

    def matched(self, asked_at: float) -> None:
        """The view held everything that Redis had at `asked_at` (monotonic seconds)."""
        self._matched_at = max(self._matched_at, asked_at)

    def apply(self, writes: Iterable[Write], changes: list[Change], revision: int, tag: str) -> None:
        """Move to `revision`, all at once."""
        state = self.state
        assert state is not None
        for write in writes:
            write(state)
        state.changes.extend(changes)
        state.position = revision, tag
        self._tell(state.take_dirty())
        self._count(changes)
        self._wake()

    def publish(self, state: State) -> None:
        """Replace everything by a state that was loaded whole."""
        self.saved = False
        self._replace(state)

    def publish_saved(self, state: State, age_ms: int) -> None:
        """Serve a state from disk that was known to match the store `age_ms` ago."""
        self.saved = True
        self._matched_at = time.monotonic() - age_ms / 1000
        self._replace(state)

    def _replace(self, state: State) -> None:
        state.take_dirty()
        old = self.state
        if old is None:
            state.former.begin(state.revision, int(time.time() * 1000))
        else:
            state.former = old.former
            state.former.reloaded(old.tables, state.tables, state.revision)
        self.state = state
        self.subscriptions.mark_all()
        self._wake()

    async def wait_for(self, revision: int, timeout_s: float) -> None:
        """Return when the view has applied `revision`; TooFarBehind after `timeout_s` seconds."""
        if self.revision >= revision:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (revision, next(self._order), reached)
        heapq.heappush(self._waiting, entry)
        try:
            async with asyncio.timeout(timeout_s):
                await reached
        except TimeoutError:
            if self.revision < revision:
                raise TooFarBehind(f"this node is at revision {self.revision}, not yet at {revision}") from None
        finally:
            # Nobody waits any more for a revision that may never come; or it came since, in this turn of the loop.
            if reached.cancelled() and entry in self._waiting:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)

    def _wake(self) -> None:
        while self._waiting and self._waiting[0][0] <= self.revision:
            _, _, reached = heapq.heappop(self._waiting)
            if not reached.done():
                reached.set_result(None)

    def _tell(self, dirty: Dirty) -> None:
        hub = self.subscriptions
        if dirty.topics:
            hub.mark_topics(dirty.topics)
        if dirty.topic_list or dirty.groups:
            hub.mark("topics")
        if dirty.brokers:
            hub.mark("brokers", dirty.brokers)
        if dirty.groups:
            hub.mark("clusters")
        if dirty.brakes:
            hub.mark("brakes")
        if dirty.settings:
            hub.mark("settings")
        if dirty.kv:
            hub.mark("kv")
        for namespace in dirty.kv:
            hub.mark(f"kv:{namespace}")

    def _count(self, changes: list[Change]) -> None:
        now_ms = int(time.time() * 1000) + self.clock_offset_ms
        for change in changes:
            self._observer.propagated(max(0, now_ms - change.at_ms))
            reason = _REMOVALS.get(change.kind)
            if reason is not None:
                self._observer.removed(reason)
