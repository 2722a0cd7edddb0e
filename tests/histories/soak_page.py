"""The soak's part of docs/reliability.md, from docs/soak.json."""

from collections.abc import Mapping
from typing import Any, Final

from nsredis.bench.tables import markdown

HEAD: Final = """\
## Histories and soak

Random traffic (registrations, beats, departures, silences, keys, overrides, look-ups and watches on three nodes) under
random faults, in which every call and every answer is kept; then validators read the promises off the lines.
`python -m tests.histories --seed N` does a minute of it, `--sentinel` on a store that fails over; `.ci/run` does two
minutes from a fresh seed, and a seed that breaks a promise prints how to run it again.

`make soak MINUTES=30` does that again and again on the same processes, which must not grow:
"""


def section(found: Mapping[str, Any]) -> str:
    """The section as Markdown."""
    faults = ", ".join(f"{kind} {count}" for kind, count in found["faults"].items())
    facts = [
        ["traffic", f"{found['minutes']:g} minutes, {found['histories']} histories, from seed {found['seed']}"],
        ["calls", f"{found['calls']:,}"],
        ["comparisons by validators", f"{found['checked']:,}"],
        ["promises broken", str(len(found["violations"]))],
        ["faults", faults],
    ]
    rows = [
        [f"{one['what']}, {one['of']}", _figure(one, "middle"), _figure(one, "last"), f"{one['anHour']:+,.2f}"]
        for one in found["series"]
    ]
    return "\n".join(
        [
            HEAD,
            markdown(["", ""], facts),
            "A figure is flat when the median of the last third is no more than a few percent above that of the middle",
            "one; the first third is for warming up.",
            "",
            markdown(["", "middle third", "last third", "growth an hour"], rows),
            f"Measured: {found['day']}, {found['cores']} cores, Python {found['python']}.",
            "",
        ]
    )


def _figure(one: Mapping[str, Any], name: str) -> str:
    return f"{one[name]:,g} {one['unit']}".strip()
