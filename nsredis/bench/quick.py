"""The hot paths' processor time per request, compared with figures that were kept: a guard, not a test.

What is compared is the time relative to that of an echo server in the same run, so that another machine, or a busy one,
does not look like a change of ours. The least of the rounds is taken: what disturbs only adds.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from nsredis.bench.failures import LoadFailed
from nsredis.bench.hot_paths import ECHO, measure_hot_paths
from nsredis.bench.results import Measurement
from nsredis.bench.run import Options, new_session

ROUNDS: Final = 5
SECONDS: Final = 0.4
QUIET_S: Final = 25.0


class QuickFigures(msgspec.Struct, rename="camel"):
    """Of each hot path: processor time per request in microseconds, and as a multiple of the echo server's. Of a
    heartbeat that comes in a request with others, the time per heartbeat.
    """

    cpu_us: dict[str, float]
    of_echo: dict[str, float]


def measure_quick(tell: Callable[[str], None]) -> QuickFigures:
    """Measure them all. LoadFailed when one cannot be measured to the end."""
    with new_session(Options(ROUNDS, SECONDS, quiet_s=QUIET_S), tell) as session:
        return figures_of(measure_hot_paths(session))


def figures_of(found: Sequence[Measurement]) -> QuickFigures:
    """The least of the rounds. LoadFailed when one was not measured to the end."""
    for one in found:
        if one.problem:
            raise LoadFailed(f"{one.server}, {one.case}: {one.problem}")
    cpu_us = {(one.server, one.case): min(one.metrics["cpu_us"]) for one in found}
    return QuickFigures(
        {f"{path}, {depth}": round(value, 3) for (path, depth), value in cpu_us.items()},
        {f"{path}, {depth}": round(value / cpu_us[ECHO, depth], 3) for (path, depth), value in cpu_us.items()},
    )


def read_figures(path: Path) -> QuickFigures | None:
    """The figures that were kept; None when there are none."""
    return msgspec.json.decode(path.read_bytes(), type=QuickFigures) if path.exists() else None


def write_figures(path: Path, figures: QuickFigures) -> None:
    """Keep them."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")


def quick_rows(now: QuickFigures, kept: QuickFigures | None) -> list[tuple[str, ...]]:
    """Path, time, multiple of the echo server's, the same as kept, and the change of the multiple."""
    rows: list[tuple[str, ...]] = []
    for name, value in now.cpu_us.items():
        before = kept.of_echo.get(name) if kept else None
        change = f"{100 * (now.of_echo[name] / before - 1):+.0f} %" if before else "new"
        rows.append((name, f"{value:.2f}", f"{now.of_echo[name]:.2f}", f"{before:.2f}" if before else "", change))
    return rows
