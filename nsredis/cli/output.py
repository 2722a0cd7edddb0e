"""What commands print: tables for people, plain when piped, and JSON for programs."""

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import click

STYLES: Final = {"online": "green", "suspect": "yellow", "offline": "red", "yes": "green", "no": "red"}
"""Colours of words, on a terminal."""

LEAST_LAST: Final = 30
"""Columns of a terminal that the last column of a table gets at least."""

READ: Final = 4
WRITE: Final = 2
INHERIT: Final = 1

_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000))


def on_terminal() -> bool:
    """Whether a person looks at what is printed."""
    return sys.stdout.isatty()


def harmless(text: str) -> str:
    """The text with what a terminal would obey, or would not show, written as Python writes it: `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def value(text: str) -> None:
    """A text as it is, for programs; for people with nothing in it that their terminal would obey."""
    if on_terminal():
        text = "\n".join(harmless(line) for line in text.split("\n"))
    click.echo(text, color=True)  # or it would take out what looks like a colour


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """A table of rows; numbers stand to the right. Without rows, `empty` is said on stderr."""
    if not rows:
        click.echo(empty, err=True)
        return
    cells = [[harmless(str(cell)) for cell in row] for row in rows]
    numbers = [all(isinstance(row[i], int) for row in rows) for i in range(len(columns))]
    if on_terminal():
        _drawn(columns, cells, numbers)
    else:
        _plain(columns, cells, numbers)


def _plain(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> None:
    """One line for each row, never folded or cut, with two blanks between columns."""
    whole: list[Sequence[str]] = [[name.upper() for name in columns], *rows]
    widths = [max(len(line[i]) for line in whole) for i in range(len(columns))]
    for line in whole:
        sized = zip(line, widths, numbers, strict=True)
        parts = [cell.rjust(width) if number else cell.ljust(width) for cell, width, number in sized]
        click.echo("  ".join(parts).rstrip())


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[bool]) -> None:
    """A table for a terminal, without empty columns. Its last column is folded when space is short; nothing is cut."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    last = shown[-1]
    drawn = Table(box=SIMPLE_HEAD, header_style="bold", show_edge=False, padding=(0, 1, 0, 0))
    for i in shown:
        drawn.add_column(columns[i], justify="right" if numbers[i] else "left", no_wrap=i != last, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(row[i], style=STYLES.get(row[i], "")) for i in shown))
    console = Console()
    widths = [max(len(line[i]) for line in (columns, *rows)) + 2 for i in shown]
    console.width = max(console.width, sum(widths[:-1]) + min(widths[-1], LEAST_LAST))
    console.print(drawn)


def facts(named: Mapping[str, object]) -> None:
    """One thing, with a line for each of its facts; those without a value are left out."""
    told = {name: harmless(str(value)) for name, value in named.items() if value not in (None, "")}
    width = max(len(name) for name in told)
    for name, value in told.items():
        click.echo(f"{name.ljust(width)}  {click.style(value, fg=STYLES.get(value))}")


def lines(texts: Sequence[str], *, empty: str) -> None:
    """One line for each text. Without any, `empty` is said on stderr."""
    if not texts:
        click.echo(empty, err=True)
        return
    click.echo("\n".join(map(harmless, texts)))


def json_body(body: bytes) -> None:
    """The API's JSON as it came."""
    click.echo(body.decode())


def perm_text(perm: int) -> str:
    """Permission bits as RocketMQ writes them: RWX, with dashes for what is missing."""
    return "".join(letter if perm & bit else "-" for letter, bit in (("R", READ), ("W", WRITE), ("X", INHERIT)))


def time_text(at_ms: int | None) -> str:
    """A time in this machine's zone; empty for none."""
    if at_ms is None:
        return ""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().isoformat(sep=" ", timespec="seconds")


def duration_text(ms: int | None) -> str:
    """A duration in its two largest units, such as `2h 5m`; `1.5s` below a minute; empty for none."""
    if ms is None:
        return ""
    if abs(ms) < 60_000:
        return f"{round(ms / 1000, 1):g}s"
    parts: list[str] = []
    for unit, size in _UNITS:
        count, ms = divmod(ms, size)
        if count or parts:
            parts.append(f"{count}{unit}" if count else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def age_text(at_ms: int) -> str:
    """How long ago a time is, by this machine's clock; below a minute in whole seconds."""
    passed_ms = max(0, int(time.time() * 1000) - at_ms)
    return duration_text(passed_ms - passed_ms % 1000)


def addresses_text(addresses: Mapping[str, str]) -> str:
    """A group's addresses by id: `0=10.0.0.5:10911 1=10.0.0.6:10911`."""
    return " ".join(f"{broker_id}={addresses[broker_id]}" for broker_id in sorted(addresses, key=_number))


def _number(broker_id: str) -> tuple[int, str]:
    return (int(broker_id), "") if broker_id.isdigit() else (sys.maxsize, broker_id)
