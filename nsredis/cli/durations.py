"""Durations as people type them."""

import re
from typing import Final

import click

_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PART: Final = re.compile(r"(\d{1,9})(ms|s|m|h|d)", re.ASCII)
_WHOLE: Final = re.compile(rf"({_PART.pattern})+", re.ASCII)


def duration_ms(text: str) -> int:
    """The milliseconds of a text such as `90s`, `1h` or `1h30m`: a type for options."""
    if _WHOLE.fullmatch(text) is None:
        raise click.BadParameter(f"{text} is no duration such as 90s, 1h or 1h30m")
    return sum(int(count) * _MS[unit] for count, unit in _PART.findall(text))
