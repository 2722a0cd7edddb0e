"""docs/reliability.md, from figures: `python -m tests.faults.page docs`, which has reliability.json and soak.json."""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import orjson

from nsredis.bench.tables import markdown
from tests.faults.figures import Note, read
from tests.histories.soak_page import section

ROWS = {
    1: "A node is killed",
    2: "A node hangs",
    3: "Nodes are restarted one by one",
    4: "Redis is down",
    5: "A node starts while Redis is down",
    6: "Redis fails over and loses writes",
    7: "Redis is emptied",
    8: "Redis is slow",
    9: "Notifications are lost",
    10: "One node is cut off from Redis",
    11: "A clock jumps",
    12: "All brokers fall silent at once",
    13: "Everybody comes at once",
    14: "Clients are slow or half gone",
    15: "Frames are malformed",
    16: "Bodies are malformed",
    17: "Connections flood a node",
    18: "Two brokers claim one identity",
    19: "A broker comes and goes all the time",
    20: "A node has too much to do",
    21: "Redis takes no writes",
    22: "Slots of a Redis Cluster move",
}

HEAD = """\
# Reliability

<!-- This page is made by `make faults`: change tests/faults/page.py, not this file. -->

Every fault here is tried on real processes, while clients ask for routes at a steady rate and brokers beat, over
RocketMQ's protocol and over HTTP. The experiments are `tests/faults/test_<number>_*.py`. `make faults` runs all of them
and makes this page again, `make faults ARGS='-k "test_04"'` some; `.ci/run` runs the fast ones.

**In every row the number of wrong answers is 0, and so is the number of brokers that were removed although they
lived**: an experiment in which either is not fails. A wrong answer is a success that lacks a broker which lives, shows
one that is gone or half of one, and a confident "no such topic" for one that exists. An honest error is not wrong, but
not right either.

## How to read it

* **Right** is the share of look-ups that were answered, and rightly, with no second try: a look-up whose connection
  broke under it counts as failed. **Longest gap** is the longest time for which any one client had no right answer,
  beyond its interval; where the load itself was kept waiting by the machine, that time stands behind it.
* **Staleness** is the age of the oldest answer, as its header `Nsredis-Stale-Ms` tells. **Recovery** is the time from
  the end of the fault until every node answers freshly and completely.
* **Lost writes** are writes that were acknowledged and are not there in the end, after nodes have put back what they
  know and brokers have beaten.
* **p50, p99** are of right answers, from the moment at which a look-up was due. In row 13 they are over the first ten
  seconds; a client's first look-up there is due when its connection is made, and how long clients then had to wait for
  their first answer, from the moment at which all of them came, stands below.
* Promises are those of [architecture.md](architecture.md#what-is-promised).
"""

COLUMNS = ["fault", "promises", "right", "longest gap", "p50, p99", "staleness", "recovery", "lost writes"]


def page(facts: dict[str, str], notes: Iterable[Note]) -> str:
    """The whole page."""
    notes = list(notes)
    parts = [HEAD, "\n## The machine\n\n", markdown(["", ""], [[name, text] for name, text in facts.items()])]
    for row, some in groupby(notes, key=lambda note: note.row):
        group = list(some)
        parts += [f"\n## {row}. {ROWS[row]}\n\n", markdown(COLUMNS, [_cells(note) for note in group])]
        for note in group:
            if note.extra:
                told = ", ".join(f"{name} {_figure(value)}" for name, value in note.extra.items())
                parts.append(f"\n{note.fault}: {told}.\n")
    days = sorted({note.day for note in notes})
    span = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "never"
    parts.append(f"\nMeasured: {span}.\n")
    return "".join(parts)


def _cells(note: Note) -> list[str]:
    gap = _seconds(note.longest_gap_s)
    if note.stalled_s is not None and note.stalled_s >= 0.05:
        gap += f" (load stalled {_seconds(note.stalled_s)})"
    latency = "" if note.p50_ms is None or note.p99_ms is None else f"{note.p50_ms:.1f}, {note.p99_ms:.0f} ms"
    return [
        note.fault,
        ", ".join(map(str, note.promises)),
        "" if note.share_right is None else _share(note),
        gap,
        latency,
        _seconds(note.staleness_s),
        _seconds(note.recovery_s),
        "" if note.writes_lost is None else str(note.writes_lost),
    ]


def _share(note: Note) -> str:
    """Never rounded up to all of them."""
    share = note.share_right or 0.0
    percent = "100" if share == 1 else f"{min(share * 100, 99.999):.3f}".rstrip("0").rstrip(".")
    return f"{percent} %" + (f" of {note.look_ups:,}" if note.look_ups else "")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _figure(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _main(folder: Path) -> None:
    text = page(*read(folder / "reliability.json"))
    soak = folder / "soak.json"
    if soak.exists():
        text += f"\n{section(orjson.loads(soak.read_bytes()))}"
    (folder / "reliability.md").write_text(text)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
