"""What `nsredis bench` measured, as text and as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from nsredis.bench.figures import Figure


def rows(figures: Sequence[Figure]) -> list[tuple[str, str, str, str]]:
    """Name, median, rounds and what was measured of each figure, for a table."""
    return [
        (
            figure.name,
            f"{_number(figure.value)} {figure.unit}",
            " ".join(_number(value) for value in figure.rounds),
            _what(figure),
        )
        for figure in figures
    ]


def _what(figure: Figure) -> str:
    words = figure.what
    if figure.details:
        details = ", ".join(f"{_label(name)} {_number(value)}" for name, value in figure.details.items())
        words += f": {details} {figure.unit}"
    if figure.busy is not None:
        words += f"; the client itself was busy for {100 * figure.busy:.0f} %"
    return words


def _label(name: str) -> str:
    return {"writeP50": "the PUT's own p50"}.get(name, name)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def document(facts: Mapping[str, str], figures: Sequence[Figure]) -> dict[str, Any]:
    """All of it for programs."""
    return {
        "facts": dict(facts),
        "figures": [
            {
                "name": figure.name,
                "unit": figure.unit,
                "median": figure.value,
                "rounds": list(figure.rounds),
                "what": figure.what,
                **({"clientBusy": figure.busy} if figure.busy is not None else {}),
                **figure.details,
            }
            for figure in figures
        ],
    }
