"""`python -m tests.histories.soak`: histories one after another on the same processes, and whether these stay small.

Each is checked and deleted before the next one, so this process stays small too.
"""

import argparse
import asyncio
import math
import os
import platform
import secrets
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from tests.histories.checks import check_all
from tests.histories.ground import Ground
from tests.histories.lines import History
from tests.histories.plan import KINDS, NODES, Plan, plan
from tests.histories.report import rerun, violations
from tests.histories.run import Counts, Crowd, record
from tests.histories.samples import BOUNDS, Sampler
from tests.support.store_process import server_binary

ROUND_S: Final = 120.0
JUDGED_FROM_MINUTES: Final = 15
"""Clients come and go within each history, so a third of the time must hold several to be compared with another."""

FILLED: Final = 11_000
"""So many changes fill the stream and the lists of changes that nodes keep: from then on they should not grow."""

SOAK_KINDS: Final = {kind: weight for kind, weight in KINDS.items() if kind != "flush"}
"""An emptied store would begin to fill anew."""


@dataclass
class Totals:
    """What all histories together showed."""

    histories: int = 0
    calls: int = 0
    checked: int = 0
    violations: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, history: History, seed: int, seconds: float) -> list[str]:
        """Count one history in; what it violates."""
        verdicts = check_all(history)
        self.histories += 1
        self.calls += len(history.calls)
        self.checked += sum(verdict.checked for verdict in verdicts.values())
        self.faults.update(fault.kind for fault in history.faults)
        found = violations(verdicts)
        if found:
            self.violations += [*found, f"like: {rerun(seed, seconds)}"]
        return found


def round_plan(seed: int, seconds: float) -> Plan:
    """A plan in which only the last node is ever killed: the others are to last."""
    made = plan(seed, seconds, SOAK_KINDS)
    faults = tuple(replace(one, target=NODES - 1) if one.kind == "node-kill" else one for one in made.faults)
    return replace(made, faults=faults)


async def fill(ground: Ground) -> None:
    """Make changes until everything that keeps the last ones is full."""
    left = iter(range(FILLED))

    async def write(session: aiohttp.ClientSession, number: int) -> None:
        url = f"http://{ground.nodes[number % NODES].http}/v1/kv/fill/key-{number}"
        for i in left:
            async with session.put(url, json={"value": str(i)}) as answer:
                assert answer.status in (200, 201), await answer.text()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(write(session, number) for number in range(24)))


async def soak(folder: Path, seed: int, minutes: float) -> dict[str, Any]:
    """Run for so long; the figures."""
    totals, counts = Totals(), Counts()
    ends = time.monotonic() + minutes * 60
    async with Ground(folder, server_binary()) as ground:
        await fill(ground)
        sampler = Sampler(ground)
        async with Crowd([sampler.run()]) as crowd:
            number = 0
            while (left_s := ends - time.monotonic()) > 10:
                seconds = min(ROUND_S, left_s)
                file = folder / f"history-{number}.jsonl"
                await crowd.during(record(round_plan(seed + number, seconds), ground, file, counts))
                found = totals.add(await asyncio.to_thread(History.read, file), seed + number, seconds)
                if not found:
                    file.unlink()
                _tell(f"{number + 1}: {totals.calls} calls, {totals.checked} checked, {len(found)} violations")
                number += 1
    return figures(totals, sampler, seed, minutes)


def figures(totals: Totals, sampler: Sampler, seed: int, minutes: float) -> dict[str, Any]:
    """Everything that was found, as JSON takes it."""
    series = []
    for one in sampler.lasting():
        flatness = one.flatness()
        if flatness is not None:
            series.append(
                {
                    "what": one.what,
                    "of": one.of,
                    "unit": BOUNDS[one.what].unit,
                    "middle": round(flatness.middle, 1),
                    "last": round(flatness.last, 1),
                    "anHour": round(flatness.an_hour, 2),
                    "flat": flatness.flat,
                }
            )
    return {
        "day": time.strftime("%Y-%m-%d"),
        "minutes": minutes,
        "seed": seed,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "histories": totals.histories,
        "calls": totals.calls,
        "checked": totals.checked,
        "violations": totals.violations,
        "faults": dict(sorted(totals.faults.items())),
        "series": series,
    }


def _tell(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def minutes_of(text: str) -> float | None:
    """How long somebody wants it to run; None when that is no number of minutes."""
    try:
        minutes = float(text)
    except ValueError:
        return None
    return minutes if 0 < minutes < math.inf else None


def main() -> int:
    """0 when every promise was kept and everything stayed flat."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories.soak", description="Check histories for long.")
    parser.add_argument("--minutes", default="30", help="such as 30 or 0.5")
    parser.add_argument("--seed", type=int, help="of the first history; without one, a fresh one")
    parser.add_argument("--keep", type=Path, help="a folder for logs and for histories that break a promise")
    parser.add_argument("--figures", type=Path, help="where the figures go, such as docs/soak.json")
    given = parser.parse_args()
    minutes = minutes_of(given.minutes)
    if minutes is None:
        sys.exit(f"soak: MINUTES must be a number above 0, such as 30 or 0.5, not {given.minutes!r}")
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    folder = given.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    _tell(f"seed {seed}, {minutes:g} minutes, in {folder}")
    found = asyncio.run(soak(folder, seed, minutes))
    text = orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n"
    if given.figures:
        given.figures.write_text(text)
    _tell(text)
    long_enough = given.minutes >= JUDGED_FROM_MINUTES
    grows = [f"{one['what']} of {one['of']} grows" for one in found["series"] if long_enough and not one["flat"]]
    for words in (*found["violations"], *grows):
        _tell(words)
    return 1 if found["violations"] or grows else 0


if __name__ == "__main__":
    sys.exit(main())
