"""The hot paths that are guarded: that each is measured, and what becomes of the figures."""

from pathlib import Path

import pytest

from nsredis.bench import quick
from nsredis.bench.failures import LoadFailed
from nsredis.bench.quick import QuickFigures, figures_of, measure_quick, quick_rows, read_figures, write_figures
from nsredis.bench.results import Measurement
from tests.support.processes import CHECKOUT


def _measured(path: str, *cpu_us: float, depth: int = 1, problem: str = "") -> Measurement:
    return Measurement("quick", f"depth {depth}", path, {"cpu_us": list(cpu_us)}, problem)


def test_the_figures_that_are_kept_are_of_the_paths_that_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "ROUNDS", 1)
    monkeypatch.setattr(quick, "SECONDS", 0.05)
    monkeypatch.setattr(quick, "QUIET_S", 0.0)
    now, kept = measure_quick(lambda _: None), read_figures(CHECKOUT / "docs" / "bench-quick.json")
    assert kept is not None
    assert list(now.of_echo) == list(now.cpu_us) == list(kept.of_echo) == list(kept.cpu_us)
    assert min(now.cpu_us.values()) > 0
    together, alone = (now.cpu_us[f"heartbeat, {how} by POST, depth 1"] for how in ("each of 100", "one"))
    assert together < alone / 2, "that of many is the time per heartbeat, not per request"


def test_the_least_of_the_rounds_counts_relative_to_an_echo_of_the_same_depth() -> None:
    found = [_measured("echo", 6, 5), _measured("echo", 0.5, depth=16)]
    found += [_measured("query", 20, 10, 15), _measured("query", 1, depth=16)]
    assert figures_of(found).of_echo == {
        "echo, depth 1": 1.0,
        "echo, depth 16": 1.0,
        "query, depth 1": 2.0,
        "query, depth 16": 2.0,
    }


def test_what_is_not_measured_to_the_end_has_no_figures() -> None:
    with pytest.raises(LoadFailed, match="query, depth 1: it broke"):
        figures_of([_measured("echo", 5), _measured("query", 9, problem="it broke")])


def test_figures_are_compared_with_those_that_were_kept(tmp_path: Path) -> None:
    assert read_figures(tmp_path / "kept") is None
    write_figures(tmp_path / "kept", QuickFigures({"a": 4.0}, {"a": 2.0}))
    now = QuickFigures({"a": 5.0, "b": 7.0}, {"a": 2.5, "b": 3.5})
    assert quick_rows(now, read_figures(tmp_path / "kept")) == [
        ("a", "5.00", "2.50", "2.00", "+25 %"),
        ("b", "7.00", "3.50", "", "new"),
    ]
