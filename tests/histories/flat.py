"""Whether a figure that was taken again and again stays where it is. Arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

LEAST: Final = 9
"""With fewer samples nothing can be told."""


@dataclass(frozen=True, slots=True)
class Flatness:
    """The medians of the middle and of the last third, and how fast it grew over both (Theil and Sen), an hour."""

    middle: float
    last: float
    an_hour: float
    flat: bool


def flatness(times: Sequence[float], values: Sequence[float], *, share: float, margin: float) -> Flatness | None:
    """Flat: the last third is no more than a share and no more than a margin above the middle one, whichever is more.

    The first third is for warming up. None where there are too few samples.
    """
    if len(values) < LEAST:
        return None
    first, second = len(values) // 3, 2 * len(values) // 3
    middle, last = median(values[first:second]), median(values[second:])
    an_hour = slope(times[first:], values[first:]) * 3600
    return Flatness(middle, last, an_hour, last <= middle + max(margin, share * middle))


def slope(times: Sequence[float], values: Sequence[float]) -> float:
    """The median of the slopes between all pairs."""
    found = [
        (values[j] - values[i]) / (times[j] - times[i])
        for i in range(len(values))
        for j in range(i + 1, len(values))
        if times[j] > times[i]
    ]
    return median(found) if found else 0.0
