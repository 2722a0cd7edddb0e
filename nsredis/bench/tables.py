"""Measurements as tables, for terminals and for documents."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

from nsredis.bench.goals import Verdict
from nsredis.bench.results import WRONG, Measurement, Run

SHOWN: Final = {
    "rate": ("rate /s", 1.0),
    "wrong_share": ("wrong %", 100.0),
    "cpu_us": ("server CPU µs", 1.0),
    "store_cpu_us": ("store CPU µs", 1.0),
    "p50_us": ("p50 ms", 1e-3),
    "p99_us": ("p99 ms", 1e-3),
    "p999_us": ("p99.9 ms", 1e-3),
    "longest_us": ("longest ms", 1e-3),
    "written_p50_us": ("written p50 ms", 1e-3),
    "last_p50_us": ("last has it, p50 ms", 1e-3),
    "beside_rate": ("beside /s", 1.0),
    "beside_p50_us": ("beside p50 ms", 1e-3),
    "beside_wrong_share": ("beside wrong %", 100.0),
    "ready_s": ("ready s", 1.0),
    "reload_s": ("reload s", 1.0),
    "imports_s": ("imports s", 1.0),
    "beyond_imports_s": ("beyond imports s", 1.0),
    "command_s": ("a command s", 1.0),
    "registered_mib": ("registered MiB", 1.0),
    "memory_mib": ("started MiB", 1.0),
    "all_asked_mib": ("all asked MiB", 1.0),
    "store_mib": ("store MiB", 1.0),
    "peak_mib": ("peak MiB", 1.0),
    "load_share": ("load CPU %", 100.0),
    "queued_share": ("waited for CPU %", 100.0),
    "stolen_share": ("stolen %", 100.0),
}
"""Metrics in the order of their columns: heading, and the factor to its unit."""

ONCE: Final = {"longest_us": {"routes", "http", "registrations", "heartbeats", "rocketmq", "mixed", "cluster"}}
"""Where a metric says nothing beyond others, and has no column."""


def number(value: float) -> str:
    """With as many digits as mean something."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def scenario_table(measurements: Sequence[Measurement]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of one scenario: medians. Rates are marked: ≥ where the load limited, ~ where others did."""
    scenario = measurements[0].scenario
    metrics = [
        name for name in SHOWN if scenario not in ONCE.get(name, ()) and any(_says(one, name) for one in measurements)
    ]
    rows = []
    for one in measurements:
        row = [one.case, one.server]
        for name in metrics:
            value = one.median(name)
            mark = _mark(one) if name == "rate" else ""
            row.append("" if value is None else mark + number(value * SHOWN[name][1]))
        rows.append(row)
    return ["case", "server", *(SHOWN[name][0] for name in metrics)], rows


def _says(one: Measurement, metric: str) -> bool:
    """Whether a measurement is a reason for a column: that nothing was wrong is none."""
    values = one.metrics.get(metric, ())
    return any(values) if metric in WRONG else bool(values)


def remarks(measurements: Iterable[Measurement]) -> list[str]:
    """What the table does not say: what was not measured to the end, and what was wrong and counted all the same."""
    found = []
    for one in measurements:
        if one.problem:
            found.append(f"Not measured to the end: {one.server}, {one.case}: {one.problem}")
        for metric in WRONG:
            if share := statistics.fmean(one.metrics.get(metric) or [0.0]):
                which = " to the load beside" if metric != WRONG[0] else ""
                found.append(
                    f"{one.server}, {one.case}: {number(100 * share)} % of its answers{which} are wrong; they count as "
                    f"answered, in its favour. The first: {one.first_wrong}"
                )
    return found


def _mark(one: Measurement) -> str:
    return "≥ " if one.load_bound else "~ " if one.disturbed else ""


def by_scenario(run: Run) -> dict[str, list[Measurement]]:
    """The measurements of each scenario, in order."""
    found: dict[str, list[Measurement]] = {}
    for one in run.measurements:
        found.setdefault(one.scenario, []).append(one)
    return found


def goal_table(verdicts: Iterable[Verdict]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of the goals."""
    rows = []
    for one in verdicts:
        goal = one.goal
        heading, factor = SHOWN.get(one.metric, ("node and store CPU", 1.0))
        times = " x" if goal.ratio else ""
        factor = 1.0 if goal.ratio else factor
        what = f"{heading}, against {one.against}" if goal.ratio else heading
        said, low, high, must, wanted = (
            number(value * factor) + times for value in (one.middle, one.low, one.high, goal.must, goal.goal)
        )
        rows.append(
            [
                f"{goal.scenario}: {goal.case}".removesuffix(": "),
                what,
                said,
                f"{low} to {high}",
                f"{must} / {wanted}",
                one.words,
            ]
        )
    return ["case", "what", "measured", "rounds", "must / goal", "verdict"], rows


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table for a document; columns of numbers stand to the right."""
    right = [all(row[i][:1].isdigit() or row[i][:1] in "≥~-" for row in rows) for i in range(len(columns))]
    lines = [columns, ["---:" if is_right else "---" for is_right in right], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
