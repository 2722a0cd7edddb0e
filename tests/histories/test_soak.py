import subprocess
import sys

import pytest

from tests.histories.soak import minutes_of
from tests.support.processes import CHECKOUT


@pytest.mark.parametrize(("text", "minutes"), [("30", 30), ("0.5", 0.5)])
def test_a_number_of_minutes_is_taken(text: str, minutes: float) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize("text", ["abc", "", "0", "-1", "nan", "inf", "30m"])
def test_all_else_is_not(text: str) -> None:
    assert minutes_of(text) is None


def test_somebody_who_mistypes_is_told_so_in_one_line() -> None:
    command = [sys.executable, "-m", "tests.histories.soak", "--minutes", "abc"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr == "soak: MINUTES must be a number above 0, such as 30 or 0.5, not 'abc'\n"
