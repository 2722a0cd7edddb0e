"""How a simulated fleet is doing: a live line on a terminal, else a plain line every few seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

import click

from nsredis.bench.fleet import Fleet
from nsredis.cli.output import harmless, on_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_EVERY_S: Final = 5.0


class Display(Protocol):
    """Shows the present state when it is called; wants to be called every `every_s` seconds."""

    every_s: float

    def show(self) -> None:
        """Show how it is now."""


class _Rate:
    """Heartbeats in a second, over the last few seconds."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._marks = [(time.monotonic(), 0)]

    def now(self) -> float:
        """The rate now."""
        at, beats = time.monotonic(), self._fleet.counts.beats
        self._marks.append((at, beats))
        while len(self._marks) > 2 and at - self._marks[1][0] > LINE_EVERY_S:
            del self._marks[0]
        before, beats_before = self._marks[0]
        return (beats - beats_before) / max(at - before, 1e-3)


def _words(fleet: Fleet, rate: float) -> str:
    counts = fleet.counts
    words = f"{rate:,.1f} heartbeats/s, {counts.beats:,} in all"
    if counts.forgotten:
        words += f", {counts.forgotten} registered again"
    if counts.taken:
        words += f", {counts.taken} taken by another process"
    if counts.failures:
        words += f", {counts.failures} failures ({harmless(counts.last_failure)})"
    return words


class _Lines:
    """One line when something is worth it: at the end of the registrations, and every few seconds."""

    every_s = 0.5

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._rate = _Rate(fleet)
        self._told_at = 0.0
        self._complete = False

    def show(self) -> None:
        """A line, when one is due."""
        now, online, whole = time.monotonic(), self._fleet.online, len(self._fleet.brokers)
        rate = self._rate.now()
        newly_complete = online == whole and not self._complete
        if now - self._told_at < LINE_EVERY_S and not newly_complete:
            return
        self._complete, self._told_at = self._complete or newly_complete, now
        click.echo(f"{online} of {whole} brokers online, {_words(self._fleet, rate)}")


class _Live:
    """A progress bar, and the rate beside it."""

    every_s = 0.2

    def __init__(self, fleet: Fleet, progress: "Progress") -> None:
        self._fleet = fleet
        self._rate = _Rate(fleet)
        self._progress = progress
        self._task = progress.add_task("registering", total=len(fleet.brokers), words="")

    def show(self) -> None:
        """The line as it is now."""
        online, whole = self._fleet.online, len(self._fleet.brokers)
        doing = "online" if online == whole else "registering"
        words = _words(self._fleet, self._rate.now())
        self._progress.update(self._task, completed=online, description=doing, words=words)


@contextmanager
def fleet_display(fleet: Fleet) -> Iterator[Display]:
    """The display that fits where our output goes."""
    if not on_terminal():
        yield _Lines(fleet)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns) as progress:
        yield _Live(fleet, progress)
