"""How far one namespace goes: up to where a node still keeps what is promised for 100,000 topics."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from nsredis.bench.goals import LONGEST_US, NODE_MIB, READY_S
from nsredis.bench.results import Measurement


class Promise(NamedTuple):
    """A metric, what it may be at most, and in which words a value of it is told, multiplied by a factor."""

    metric: str
    most: float
    words: str
    factor: float = 1.0


PROMISES: Final = (
    Promise("ready_s", READY_S, "{:.2f} s until it is ready"),
    Promise("peak_mib", NODE_MIB, "{:,.0f} MiB"),
    Promise("longest_us", LONGEST_US, "a look-up of {:.0f} ms", 1e-3),
)


def broken(one: Measurement) -> list[str]:
    """What a size has more of than is promised, in words; empty where all that was measured is kept."""
    found = []
    for promise in PROMISES:
        value = one.median(promise.metric)
        if value is not None and value > promise.most:
            found.append(promise.words.format(value * promise.factor))
    return found


def up_to_broken(measure: Callable[[int], Measurement], sizes: Iterable[int]) -> Iterator[Measurement]:
    """Rising sizes, up to the first that breaks a promise or is not measured to the end."""
    for size in sizes:
        one = measure(size)
        yield one
        if one.problem or broken(one):
            return


@dataclass(frozen=True, slots=True)
class Reach:
    """The largest size that keeps all promises. `beyond`: the next one, and what it has more of than is promised, in
    words; None when there was none.
    """

    most: int
    beyond: tuple[int, list[str]] | None = None

    @classmethod
    def of(cls, sizes: Iterable[Measurement], metric: str) -> "Reach | None":
        """What rising sizes tell, which a metric counts; None when not even the first is kept, or known."""
        most = 0
        for one in sizes:
            size = int(one.median(metric) or 0)
            if one.problem or any(promise.metric not in one.metrics for promise in PROMISES):
                break
            if words := broken(one):
                return cls(most, (size, words)) if most else None
            most = size
        return cls(most) if most else None
