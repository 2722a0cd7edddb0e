"""Two minutes of traffic and faults, from a fresh seed each time: every promise is kept."""

import secrets
import sys
from pathlib import Path

import pytest

from nsredis.registry.server_binary import ServerBinary
from tests.histories.checks import check_all
from tests.histories.ground import Ground
from tests.histories.lines import History
from tests.histories.plan import plan
from tests.histories.report import rerun, table, violations
from tests.histories.run import Counts, record

SECONDS = 120.0


@pytest.mark.histories
@pytest.mark.timeout(280)
async def test_every_promise_is_kept(tmp_path: Path, server_binary: ServerBinary) -> None:
    seed = secrets.randbelow(1_000_000)
    again = rerun(seed, SECONDS)
    sys.stdout.write(f"{again}\n")
    file = tmp_path / "history.jsonl"
    async with Ground(tmp_path, server_binary) as ground:
        await record(plan(seed, SECONDS), ground, file, Counts())
    history = History.read(file)
    verdicts = check_all(history)
    sys.stdout.write(table(history, verdicts) + "\n")
    found = "\n".join(violations(verdicts))
    assert not found, f"{found}\nAgain: {again}\nThe history: {file}"
    assert {name for name, verdict in verdicts.items() if not verdict.checked} <= {"7 store trouble", "9 brake"}
