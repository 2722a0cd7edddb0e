"""What all scenarios of one run share."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

from nsredis.bench.kernel.cores import Cores
from nsredis.bench.kernel.quiet import Quiet
from nsredis.bench.load.generator import Generator

T = TypeVar("T")

BEAT_EVERY_S: Final = 20.0
"""How often registered brokers are kept alive: Java forgets them after two minutes."""


class Kept(Protocol):
    """Brokers that are registered for the length of a scenario."""

    def beat(self) -> None:
        """Tell the server that they live."""
        ...


@dataclass(slots=True)
class Session:
    """One run. `wanted`: the peers that may take part, all when it is None; `told` and `missing`: for the report."""

    folder: Path
    cores: Cores
    generator: Generator
    quiet: Quiet
    rounds: int
    seconds: float
    tell: Callable[[str], None]
    full: bool = False
    wanted: Collection[str] | None = None
    told: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    _kept: list[Kept] = field(default_factory=list)
    _beaten: float = 0.0
    _warm: set[int] = field(default_factory=set)

    def keep(self, kept: Kept) -> None:
        """Keep these alive from now on, between rounds."""
        self._kept.append(kept)

    def more(self, cases: tuple[T, ...]) -> tuple[T, ...]:
        """Cases that only a full run has."""
        return cases if self.full else ()

    def first_time(self, server: object, warm_s: float) -> float:
        """How long a server is to be warmed up: only once."""
        if id(server) in self._warm:
            return 0.0
        self._warm.add(id(server))
        return warm_s

    def let_go(self) -> None:
        """A scenario has ended: keep nobody alive."""
        self._kept.clear()

    def keep_alive(self) -> None:
        """To be called before each round."""
        if time.monotonic() - self._beaten > BEAT_EVERY_S:
            for kept in self._kept:
                kept.beat()
            self._beaten = time.monotonic()
