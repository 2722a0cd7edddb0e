from collections import Counter

from tests.histories.plan import NODES
from tests.histories.soak import Totals, round_plan
from tests.histories.soak_page import section
from tests.histories.written import history, route


def test_the_page_has_the_figures() -> None:
    series = {"what": "memory", "of": "node 0.1", "unit": "MiB", "middle": 61.2, "last": 61.0, "anHour": -0.4}
    found = {
        "day": "2026-11-24", "minutes": 30.0, "seed": 5, "cores": 2, "python": "3.11", "histories": 15,
        "calls": 170000, "checked": 2000000, "violations": [], "faults": {"hole": 3}, "series": [series],
    }  # fmt: skip
    text = section(found)
    assert "| memory, node 0.1 | 61.2 MiB | 61 MiB | -0.40 |" in text
    assert "30 minutes, 15 histories" in text
    assert "2,000,000" in text


def test_only_the_last_node_is_killed_and_the_store_is_never_emptied() -> None:
    faults = [fault for seed in range(30) for fault in round_plan(seed, 120).faults]
    assert {fault.target for fault in faults if fault.kind == "node-kill"} == {NODES - 1}
    assert "flush" not in {fault.kind for fault in faults}


def test_totals_keep_counts_and_violations_and_no_history() -> None:
    totals = Totals()
    assert totals.add(history(route("orders", 1.0, {}, revision=4), route("orders", 2.0, {}, revision=3)), 7, 60)
    assert (totals.histories, totals.calls, totals.faults) == (1, 2, Counter())
    assert totals.violations[-1] == "like: python -m tests.histories --seed 7 --seconds 60"
