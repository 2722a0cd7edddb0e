"""The view on disk: saved while it follows the store, and served by a node that starts while the store is away.

It is never put back into a store: whoever starts from it knows less than any node that runs.
"""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from nsredis.core.observer import Observer
from nsredis.core.saving import pause_s, refresh_s, usable
from nsredis.view.saved_state import Head, decode, encode, head_of, seal
from nsredis.view.state import State
from nsredis.view.view import View

log = logging.getLogger(__name__)

FOLDER: Final = "views"


class Saved(NamedTuple):
    """A state from disk, and how long ago it was known to match the store."""

    state: State
    age_ms: int


class SavedView:
    """One namespace's file in a data directory, which nodes of one machine may share: the last writer wins.

    `store` says of which store it is, `max_age_ms` how old it may be when it is read.
    """

    def __init__(
        self,
        data_dir: Path,
        namespace: str,
        store: str,
        *,
        max_age_ms: int,
        observer: Observer,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._path = data_dir / FOLDER / f"{namespace}.view"
        self._aside = self._path.with_name(f"{namespace}.{secrets.token_hex(4)}.new")
        self._namespace = namespace
        self._store = store
        self._max_age_ms = max_age_ms
        self._observer = observer
        self._now_ms = now_ms
        self._position: tuple[int, str] = (0, "")
        self._saved_at = 0.0
        self._problem = ""
        self._saving = asyncio.Lock()

    async def load(self) -> Saved | None:
        """What is on disk; None, with a line in the log, when there is nothing, or nothing that may be served."""
        try:
            head, file = await asyncio.to_thread(self._read)
            refused = self._refusal(head)
            if refused:
                log.warning("the view saved in %s is not served: %s", self._path, refused)
                return None
            return Saved(await decode(file), max(0, self._now_ms() - head.saved_at_ms))
        except FileNotFoundError:
            log.info("no view was saved in %s", self._path)
        except (OSError, ValueError) as error:
            log.warning("the view saved in %s cannot be read: %s", self._path, error)
        return None

    def _read(self) -> tuple[Head, bytes]:
        file = self._path.read_bytes()
        return head_of(file), file

    def _refusal(self, head: Head) -> str:
        if head.namespace != self._namespace:
            return f"it is of the namespace {head.namespace}"
        if head.store != self._store:
            return f"it is of the store {head.store}"
        return usable(self._now_ms() - head.saved_at_ms, self._max_age_ms)

    async def run(self, view: View) -> None:
        """Save for ever: some seconds after a change, and now and then so that its time is told."""
        took_s = 0.0
        while True:
            await asyncio.sleep(pause_s(took_s))
            started = time.monotonic()
            await self.save(view)
            took_s = time.monotonic() - started

    async def save(self, view: View) -> None:
        """Save the view if it follows the store and differs from what was saved, or that was long ago."""
        async with self._saving:
            await self._save(view)

    async def _save(self, view: View) -> None:
        state = view.state
        if state is None or view.saved or view.stale_ms() > 0:
            return
        position = state.position
        if position == self._position and time.monotonic() - self._saved_at < refresh_s(self._max_age_ms):
            return
        started = time.monotonic()
        head = Head(self._namespace, self._store, state.revision, state.tag, self._now_ms())
        parts = await encode(head, state)
        try:
            await asyncio.to_thread(self._write, parts)
        except OSError as error:
            self._observer.view_saved(ok=False)
            if str(error) != self._problem:
                log.warning("the view cannot be saved, so a start without the store would have none: %s", error)
            self._problem = str(error)
            return
        self._problem = ""
        self._position, self._saved_at = position, started
        self._observer.view_saved(ok=True)
        log.debug("saved the view at revision %d", position[0])

    def _write(self, parts: list[bytes]) -> None:
        """Write aside and rename, so that a reader finds a whole file whatever happens."""
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with self._aside.open("wb") as file:
                file.write(seal(parts))
                file.flush()
                os.fsync(file.fileno())
            self._aside.replace(self._path)
        except OSError:
            with suppress(OSError):
                self._aside.unlink()
            raise
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
