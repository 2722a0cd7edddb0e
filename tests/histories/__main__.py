"""`python -m tests.histories`: record a history and check it."""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.histories.checks import check_all
from tests.histories.ground import Ground
from tests.histories.lines import History
from tests.histories.plan import KINDS, SENTINEL_KINDS, plan
from tests.histories.report import rerun, table, violations
from tests.histories.run import Counts, record
from tests.histories.sentinel_ground import SentinelGround
from tests.support.store_process import server_binary

FILE = "history.jsonl"


async def one_run(folder: Path, seed: int, seconds: float, *, sentinel: bool) -> None:
    """Record one history, on a ground of its own."""
    kind, kinds = (SentinelGround, SENTINEL_KINDS) if sentinel else (Ground, KINDS)
    async with kind(Path(tempfile.mkdtemp(prefix="logs-", dir=folder)), server_binary()) as ground:
        await record(plan(seed, seconds, kinds), ground, folder / FILE, Counts())


def checked(folder: Path, again: str) -> bool:
    """Print what the history in this folder shows; whether every promise was kept."""
    history = History.read(folder / FILE)
    verdicts = check_all(history)
    found = violations(verdicts)
    lines = ["", table(history, verdicts), ""]
    if found:
        lines += ["Violations:", *found, "", f"Again: {again}"]
    sys.stdout.write("\n".join(lines) + f"\nThe history: {folder / FILE}\n")
    return not found


def main() -> int:
    """0 when every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories", description="Record a history and check it.")
    parser.add_argument("--seed", type=int, help="of the traffic and the faults; without one, a fresh one")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long traffic runs")
    parser.add_argument("--minutes", type=float, help="the same in minutes")
    parser.add_argument("--sentinel", action="store_true", help="on a primary with replicas, which fails over")
    parser.add_argument("--keep", type=Path, help="a folder for the history and the logs, which else is a new one")
    parser.add_argument("--check", action="store_true", help="check the history in --keep again, record nothing")
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    seconds = given.minutes * 60 if given.minutes else given.seconds
    again = rerun(seed, seconds) + (" --sentinel" if given.sentinel else "")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="histories-"))
    folder.mkdir(parents=True, exist_ok=True)
    if not given.check:
        sys.stdout.write(f"{again}\n")
        sys.stdout.flush()
        asyncio.run(one_run(folder, seed, seconds, sentinel=given.sentinel))
    return 0 if checked(folder, again) else 1


if __name__ == "__main__":
    sys.exit(main())
