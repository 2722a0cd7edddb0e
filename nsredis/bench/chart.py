"""A bar chart as SVG: server CPU per request of everybody in a case, so that shorter is better."""

from collections.abc import Sequence
from html import escape
from typing import Final

from nsredis.bench.goals import OURS
from nsredis.bench.results import Measurement, Run
from nsredis.bench.tables import number

CHARTED: Final = (
    ("routes", "2 brokers, 50 connections, depth 1", "Route query, 2 brokers, one at a time"),
    ("routes", "2 brokers, 50 connections, depth 16", "Route query, 2 brokers, 16 at a time"),
    ("routes", "100 brokers, 50 connections, depth 1", "Route query, 100 brokers, one at a time"),
    ("http", "200, 2 brokers, 50 connections", "HTTP GET of a route"),
    ("registrations", "10,000 topics, unchanged", "Registration of 10,000 topics, unchanged"),
    ("mixed", "100 topics, 10 brokers, 16 connections, 5 % registrations", "95 % queries, 5 % registrations"),
)

WIDTH, LABEL, BAR, ROW, TITLE = 760, 130, 500, 22, 34


def chart(run: Run) -> str:
    """The drawing."""
    parts: list[str] = []
    top = 10
    for scenario, case, title in CHARTED:
        here = [
            one for one in run.measurements if (one.scenario, one.case) == (scenario, case) and one.median("cpu_us")
        ]
        if here:
            parts += _group(here, title, top)
            top += TITLE + ROW * len(here) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        'font-family="sans-serif" font-size="13" role="img" aria-label="Server CPU per request">\n'
        "<style>text{fill:#333}.ours{fill:#0b7285}.other{fill:#adb5bd}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}.other{fill:#666}}</style>\n" + "".join(parts) + "</svg>\n"
    )


def _group(measurements: Sequence[Measurement], title: str, top: int) -> list[str]:
    values = [one.median("cpu_us") or 0.0 for one in measurements]
    longest = max(values)
    parts = [f'<text x="0" y="{top + 16}" font-weight="bold">{escape(title)}: server CPU, µs</text>\n']
    for i, (one, value) in enumerate(zip(measurements, values, strict=True)):
        y = top + TITLE - 6 + i * ROW
        length = max(1.0, BAR * value / longest)
        kind = "ours" if one.server == OURS else "other"
        parts += [
            f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{escape(one.server)}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{y}" width="{length:.1f}" height="{ROW - 6}" rx="2"/>',
            f'<text x="{LABEL + length + 6:.1f}" y="{y + 13}">{number(value)}</text>\n',
        ]
    return parts
