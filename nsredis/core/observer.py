"""What is worth counting, as a Protocol, so that no layer below the node knows how it is counted."""

from typing import Protocol


class Observer(Protocol):
    """Every method is quick, never raises and may be called from the event loop only."""

    def registered(self, outcome: str) -> None:
        """A registration ended: `created`, `changed`, `refreshed` or an error's code."""

    def beats(self, count: int, outcome: str) -> None:
        """`count` heartbeats were answered alike: `ok` or an error's code."""

    def removed(self, reason: str) -> None:
        """A broker left (a slug of core.changes.Removal), counted by every node as it follows."""

    def detected(self, delay_ms: int) -> None:
        """A lapsed broker was evicted by this node's sweep so long after its deadline."""

    def brake_engaged(self) -> None:
        """This node's sweep engaged the brake in a cluster."""

    def probed(self, outcome: str) -> None:
        """A broker's port was probed: `reached`, `refused` or `unknown`."""

    def propagated(self, delay_ms: int) -> None:
        """A change became visible here so long after Redis recorded it."""

    def reloaded(self, why: str) -> None:
        """The view was read whole: `start`, `behind`, `forked`, `lost`, or from disk, `saved`."""

    def view_saved(self, *, ok: bool) -> None:
        """The view was written to disk, or could not be."""

    def restored(self, rows: int) -> None:
        """Rows that the store had lost were put back."""

    def deadlines_lost(self, count: int) -> None:
        """This node found brokers that had no deadline in the store, and gave them one."""

    def cut_off(self) -> None:
        """This node found that it alone is cut off from the store."""

    def store_failed(self, what: str) -> None:
        """A call to Redis failed: `command`, `follow`, `sweep`, `hints`, `presence`, `audit`."""


class SilentObserver:
    """Counts nothing."""

    def registered(self, outcome: str) -> None:
        """Ignore it."""

    def beats(self, count: int, outcome: str) -> None:
        """Ignore it."""

    def removed(self, reason: str) -> None:
        """Ignore it."""

    def detected(self, delay_ms: int) -> None:
        """Ignore it."""

    def brake_engaged(self) -> None:
        """Ignore it."""

    def probed(self, outcome: str) -> None:
        """Ignore it."""

    def propagated(self, delay_ms: int) -> None:
        """Ignore it."""

    def reloaded(self, why: str) -> None:
        """Ignore it."""

    def view_saved(self, *, ok: bool) -> None:
        """Ignore it."""

    def restored(self, rows: int) -> None:
        """Ignore it."""

    def deadlines_lost(self, count: int) -> None:
        """Ignore it."""

    def cut_off(self) -> None:
        """Ignore it."""

    def store_failed(self, what: str) -> None:
        """Ignore it."""
