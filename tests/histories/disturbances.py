"""When something was broken: what a validator may excuse, and for how long."""

from bisect import bisect_left
from typing import Final

from tests.histories.lines import INFINITY, Fault, History

STORE_AWAY: Final = frozenset({"store-kill", "store-stop", "store-pause", "store-pause-write"})
"""While these last nobody writes, so nobody can be judged."""

FAILOVERS: Final = frozenset({"failover", "failover-loss"})
"""While these last nobody writes either, and what a replica had not heard of is lost."""

HISTORY_LOST: Final = FAILOVERS | {"flush"}
"""After these the store lacks what it had; nodes put it back."""

UNKNOWN_GAP_S: Final = 2.0
"""What a sweep takes for the length of a gap when another history is found; two nodes may find it one after another."""

FOLLOWS_S: Final = 0.5
"""How soon a node shows a change when nothing is broken."""


def store_faults(history: History) -> list[Fault]:
    """Faults that take the store from everybody."""
    return [fault for fault in history.faults if fault.kind in STORE_AWAY]


def nobody_judges(history: History) -> list[Fault]:
    """Faults during which no sweep can run."""
    return [fault for fault in history.faults if fault.kind in STORE_AWAY | FAILOVERS]


def losses(history: History) -> list[Fault]:
    """Faults after which the store tells another history."""
    return [fault for fault in history.faults if fault.kind in HISTORY_LOST]


def known_before(history: History, loss: Fault) -> float:
    """Since when a node may not have heard of changes that it should have put back: others may do it after it."""
    return min([loss.start, *(fault.start for fault in history.faults if fault.start <= loss.start <= fault.healed)])


def disturbed(history: History, node: str, start: float, end: float) -> bool:
    """Whether a node (its name, or its number) had to do with a fault between these times."""
    number = node.partition(".")[0]
    return any(
        fault.start <= end and start <= fault.healed + FOLLOWS_S and fault.target in ("store", number)
        for fault in history.faults
    )


def silenced(history: History, node: str, start: float, end: float) -> bool:
    """Whether a node could not answer between these times: it was dead, or stopped."""
    number = node.partition(".")[0]
    return any(
        fault.start <= end and start <= fault.healed and fault.target == number
        for fault in history.faults
        if fault.kind in ("node-kill", "node-stop")
    )


def anything(history: History, start: float, end: float) -> bool:
    """Whether any fault touched this time."""
    return any(fault.start <= end and start <= fault.healed for fault in history.faults)


def settled(history: History, start: float, at: float, lease_s: float, margin_s: float) -> float:
    """The time `at`, moved behind all faults between `start` and it: each of them may put it off by a lease."""
    for fault in history.faults:
        if fault.start <= at and start <= fault.healed:
            again_s = UNKNOWN_GAP_S if fault.kind in HISTORY_LOST else 0.0
            at = max(at, fault.healed + lease_s + again_s + margin_s)
    return at


class Stalls:
    """How much time the machine took."""

    def __init__(self, history: History) -> None:
        self._stalls = sorted((stall.at, stall.seconds) for stall in history.stalls)

    def between(self, start: float, end: float) -> float:
        """All stalls that ended in this time, together."""
        total = 0.0
        for at, seconds in self._stalls[bisect_left(self._stalls, (start, 0.0)) :]:
            if at - seconds > end:
                break
            total += seconds
        return total


def never(at: float) -> bool:
    """Whether a time is the one of what did not happen."""
    return at >= 1e9 or at == INFINITY
