"""The view's file: written whole or not at all, and served only when it is of this store, young and undamaged."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from nsredis.core.observer import SilentObserver
from nsredis.view import saved_view
from nsredis.view.saved_view import SavedView
from nsredis.view.state import State
from nsredis.view.view import View
from tests.support.eventually import eventually
from tests.support.full_state import full_state, same

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


class Saves(SilentObserver):
    """How saves ended."""

    def __init__(self) -> None:
        self.outcomes: list[bool] = []

    def view_saved(self, *, ok: bool) -> None:
        self.outcomes.append(ok)


class Place:
    """A data directory with a clock that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_ms = NOW_MS
        self.saves = Saves()

    def saved(self, namespace: str = "ns", store: str = "redis://h:1/0", max_age_ms: int = HOUR_MS) -> SavedView:
        return SavedView(
            self.folder,
            namespace,
            store,
            max_age_ms=max_age_ms,
            observer=self.saves,
            now_ms=lambda: self.now_ms,
        )

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "views").iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "data")


async def _following() -> View:
    """A view that follows its store."""
    view = View(SilentObserver())
    view.publish(await full_state())
    view.matched(asyncio.get_running_loop().time())
    return view


def _move_on(view: View) -> None:
    state = _state(view)
    state.position = state.revision + 1, state.tag


def _state(view: View) -> State:
    assert view.state is not None
    return view.state


async def test_what_is_saved_is_loaded_with_its_age(place: Place) -> None:
    view = await _following()
    await place.saved().save(view)
    place.now_ms += 5000
    found = await place.saved().load()
    assert found is not None
    assert found.age_ms == 5000
    assert same(found.state, _state(view))
    assert (place.files, place.saves.outcomes) == (["ns.view"], [True])


async def test_a_view_that_does_not_change_is_not_written_again_until_its_age_must_be_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, saved = await _following(), place.saved()
    await saved.save(view)
    await saved.save(view)
    assert place.saves.outcomes == [True]
    monkeypatch.setattr(saved_view, "refresh_s", lambda _: 0.0)
    place.now_ms += 9000
    await saved.save(view)
    assert place.saves.outcomes == [True, True]
    found = await place.saved().load()
    assert found is not None
    assert found.age_ms == 0


async def test_a_view_that_does_not_follow_or_came_from_disk_is_not_saved(place: Place) -> None:
    stale = View(SilentObserver())
    await place.saved().save(stale)
    stale.publish(await full_state())
    assert stale.stale_ms() > 0
    await place.saved().save(stale)
    stale.publish_saved(await full_state(), 0)
    assert stale.stale_ms() > 0
    await place.saved().save(stale)
    assert place.saves.outcomes == []


@pytest.mark.parametrize(
    ("namespace", "store", "later_ms", "why"),
    [
        ("other", "redis://h:1/0", 0, "it is of the namespace ns"),
        ("ns", "redis://h:2/0", 0, "it is of the store redis://h:1/0"),
        ("ns", "redis://h:1/0", HOUR_MS + 1000, "it is 3601 s old"),
        ("ns", "redis://h:1/0", -61_000, "it is from the future"),
    ],
)
async def test_foreign_and_old_ones_are_told_and_not_served(
    place: Place, caplog: pytest.LogCaptureFixture, namespace: str, store: str, later_ms: int, why: str
) -> None:
    await place.saved().save(await _following())
    (place.folder / "views" / "ns.view").rename(place.folder / "views" / f"{namespace}.view")
    place.now_ms += later_ms
    assert await place.saved(namespace, store).load() is None
    (record,) = caplog.records
    assert (record.levelname, why in record.getMessage()) == ("WARNING", True)


async def test_a_damaged_one_is_told_once_and_not_served(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    await place.saved().save(await _following())
    path = place.folder / "views" / "ns.view"
    path.write_bytes(path.read_bytes()[:-40])
    assert await place.saved().load() is None
    path.write_bytes(b"{}")
    assert await place.saved().load() is None
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]


async def test_none_is_no_trouble(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert await place.saved().load() is None
    assert [record.levelname for record in caplog.records] == ["INFO"]


async def test_a_folder_that_cannot_be_written_is_told_once_and_left_alone(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.folder.write_text("not a folder")
    view, saved = await _following(), place.saved()
    await saved.save(view)
    await saved.save(view)
    assert place.saves.outcomes == [False, False]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    place.folder.unlink()
    await saved.save(view)
    assert place.saves.outcomes[-1]


async def test_a_write_that_fails_leaves_the_file_before_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    view, saved = await _following(), place.saved()
    await saved.save(view)
    before = (place.folder / "views" / "ns.view").read_bytes()

    def full(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    _move_on(view)
    await saved.save(view)
    assert place.saves.outcomes == [True, False]
    assert place.files == ["ns.view"]
    assert (place.folder / "views" / "ns.view").read_bytes() == before


async def test_it_saves_by_itself_after_a_change(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_view, "pause_s", lambda _: 0.01)
    view = await _following()
    task = asyncio.create_task(place.saved().run(view))
    await eventually(lambda: place.saves.outcomes == [True])
    _move_on(view)
    await eventually(lambda: place.saves.outcomes == [True, True])
    task.cancel()
    found = await place.saved().load()
    assert found is not None
    assert found.state.revision == 78
