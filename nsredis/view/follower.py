"""The one task that writes the view: it follows the changes, and reads all again when it cannot."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from redis.exceptions import RedisError

from nsredis.core.backoff import backoff_s
from nsredis.core.errors import NotReady, NsredisError
from nsredis.core.observer import Observer
from nsredis.registry.change_feed import ChangeFeed, Look
from nsredis.registry.restore import Command, Restorer
from nsredis.registry.snapshot import Head, SnapshotReader
from nsredis.registry.tables import same_content
from nsredis.view.collector import out_of_sight
from nsredis.view.row_changes import build, prepare
from nsredis.view.saved_view import Saved
from nsredis.view.state import State
from nsredis.view.view import View

log = logging.getLogger(__name__)

COMPARE_EVERY_S: Final = 1.0
CATCH_UP_TRIES: Final = 20


class Follower:
    """Keeps a View equal to the store. `problem` says why there is no view, for people.

    When the store tells another history than the view, what the store lacks is put back before the view is given up.
    `sweep` sweeps once and tells the store what this view has applied; a store of another history then judges nobody
    for a lease. `load_saved` gives the view on disk: it is served until the store answers, and never put back.
    """

    def __init__(
        self,
        view: View,
        feed: ChangeFeed,
        reader: SnapshotReader,
        restorer: Restorer,
        sweep: Callable[[], Awaitable[object]],
        observer: Observer,
        *,
        settle_s: float,
        chance: Callable[[], float],
        load_saved: Callable[[], Awaitable[Saved | None]] | None = None,
    ) -> None:
        self._view = view
        self._feed = feed
        self._reader = reader
        self._restorer = restorer
        self._sweep = sweep
        self._observer = observer
        self._settle_s = settle_s
        self._chance = chance
        self._load_saved = load_saved
        self._empty_since: float | None = None
        self.problem = "the store has not answered yet"
        self.reachable = False

    async def run(self) -> None:
        """Follow for ever."""
        failures = 0
        while True:
            try:
                await self.step()
            except (NsredisError, RedisError, OSError) as error:
                failures += 1
                self._failed(error)
                await self._serve_saved()
                await asyncio.sleep(backoff_s(failures, self._chance(), top_s=0.5))
                continue
            failures = 0
            self.reachable = True
            await self._pause()

    async def step(self) -> None:
        """One look at the store."""
        state = self._view.state
        if state is None or self._view.saved:  # what is on disk is served, and believed no further
            await self._reload("start")
            return
        self._feed.woken.clear()
        asked_at = time.monotonic()
        look = await self._feed.look(state.revision, state.tag)
        if look.status == "same":
            self._view.matched(asked_at)
        elif look.status == "changes":
            if await self._apply(state, look):
                self._view.matched(asked_at)
            else:
                await self._reload("forked")
        else:
            await self._reload(look.status)

    async def _serve_saved(self) -> None:
        """Serve what is on disk, when this node has just started and the store does not answer."""
        if self._load_saved is None or self._view.state is not None or self.reachable:
            return
        load, self._load_saved = self._load_saved, None
        with out_of_sight():
            saved = await load()
        if saved is None:
            return
        self._view.publish_saved(*saved)
        self._observer.reloaded("saved")
        log.warning(
            "the store does not answer: serving the view of %.1f s ago from disk, revision %d, %d brokers",
            saved.age_ms / 1000, saved.state.revision, len(saved.state.brokers),
        )  # fmt: skip

    async def _apply(self, state: State, look: Look) -> bool:
        try:
            writes = await prepare(state, look.rows, look.deltas)
        except (KeyError, ValueError) as error:
            log.warning("a change does not fit the view: %s", error)
            return False
        self._view.apply(writes, look.changes, look.revision, look.tag)
        return True

    async def _reload(self, why: str) -> None:
        with out_of_sight():
            await self._read_all(why)

    async def _read_all(self, why: str) -> None:
        old = self._view.state
        started = time.monotonic()
        head = await self._reader.head()
        if old is not None and why in ("forked", "lost"):
            await self._sweep()  # while the view still shows that the deadlines there are of another history
            log.warning("the store tells another history (%s): putting back what it lost", why)
            await self._put_back(old, await self._load(head))
            if not head.opened:
                await self._restorer.open(old.revision)
            head = await self._reader.head()
        if not head.opened:
            await self._open_empty()
            head = await self._reader.head()
        asked_at, state = await self._catch_up(await self._load(head))
        state.changes.extend(change for change in await self._reader.changes() if change.revision <= state.revision)
        self._view.publish(state)
        self._view.matched(asked_at)
        self._observer.reloaded(why)
        log.info(
            "view loaded (%s): revision %d, %d brokers, %d groups, in %.0f ms",
            why, state.revision, len(state.brokers), len(state.groups), (time.monotonic() - started) * 1000,
        )  # fmt: skip

    async def _load(self, head: Head) -> State:
        """Every row, built aside; the rows may be newer than the head."""
        state = State(head.revision, head.tag)
        async for present in self._reader.rows():
            await build(state, present)
        return state

    async def _catch_up(self, state: State) -> tuple[float, State]:
        """Bring rows that were read one after another to one revision; and when the store was asked last."""
        for _ in range(CATCH_UP_TRIES):
            asked_at = time.monotonic()
            look = await self._feed.look(state.revision, state.tag)
            if look.status == "same":
                return asked_at, state
            if look.status != "changes":
                break
            # Rows that were read may be newer than an entry's delta, so tables are read whole here.
            touched = {delta.row for delta in look.deltas}
            present = [*look.rows, *(await self._reader.read(sorted(touched)))]
            await build(state, present)
            state.position = look.revision, look.tag
        raise NotReady("the store changes faster than it can be read; trying again")

    async def _put_back(self, old: State, present: State) -> None:
        """What `old` knows and the store lacks."""
        floor = max(old.revision, present.revision)
        restorer = self._restorer
        commands: list[Command] = []
        if present.settings_row != old.settings_row and old.settings_row and old.settings.restore_admin_rows:
            commands.append(restorer.settings(old.settings_row, floor))
        if old.settings.restore_admin_rows:
            commands += [restorer.kv(name, entries, floor) for name, entries in old.kv.items()]
            commands += [
                restorer.override(group, floor)
                for name, group in old.groups.items()
                if group.override is not None and present.groups.get(name) != group
            ]
        for key, broker in old.brokers.items():
            known = present.brokers.get(key)
            if known is None or known.epoch < broker.epoch:
                commands.append(restorer.broker(broker, floor))
        for name, table in old.tables.items():
            stored = present.tables.get(name)
            if stored is None or not same_content(stored, table):  # the script knows which one is newer
                commands.append(restorer.table(name, table, floor))
        commands += [restorer.offline(gone, floor) for key, gone in old.offline.items() if key not in present.offline]
        restored = await restorer.run(commands)
        self._observer.restored(restored)
        log.warning("put back %d of %d rows", restored, len(commands))

    async def _open_empty(self) -> None:
        """Create the namespace, but not before peers that hold a view had time to put it back."""
        now = time.monotonic()
        if self._empty_since is None:
            self._empty_since = now
        left_s = self._settle_s - (now - self._empty_since)
        if left_s > 0:
            raise NotReady(
                f"the store is empty; opening the namespace unless a peer puts it back within {self._settle_s:g} s"
            )
        if await self._restorer.open(0):
            log.info("created the namespace in an empty store")

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(COMPARE_EVERY_S):
                await self._feed.woken.wait()
        except TimeoutError:
            pass

    def _failed(self, error: Exception) -> None:
        words = str(error)
        self.reachable = isinstance(error, NotReady)
        if words != self.problem:
            log.warning("cannot follow the store: %s", words)
        self.problem = words
        self._observer.store_failed("follow")
