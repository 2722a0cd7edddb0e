"""The scenario `capacity` from end to end, with few brokers."""

import pytest

from nsredis.bench.capacity import footprint, knee
from nsredis.bench.capacity.figures import Costs
from nsredis.bench.capacity.page import page, tables
from nsredis.bench.capacity.plan import ROWS
from nsredis.bench.capacity.promises import Reach
from nsredis.bench.results import Run
from nsredis.bench.run import Options, new_session
from nsredis.bench.scenarios import capacity


def test_it_measures_all_that_the_page_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "MANY_BROKERS", (0, 400))
    monkeypatch.setattr(capacity, "MANY_TOPICS", (60,))
    monkeypatch.setattr(footprint, "TABLE", 20)
    monkeypatch.setattr(capacity, "KNEE_FROM", 400)
    monkeypatch.setattr(knee, "FIRST_RATE", 1000.0)
    monkeypatch.setattr(knee, "MOST_STEPS", 2)
    said: list[str] = []
    with new_session(Options(rounds=1, seconds=0.05, quiet_s=0.0), said.append) as session:
        run = Run({"cores": "some"}, session.told, {}, capacity.measure(session))
    assert [one.problem for one in run.measurements if one.problem] == []
    costs = Costs.of(run)
    assert costs is not None
    assert (costs.brokers, costs.topics) == (Reach(400), Reach(60))
    assert min(costs.knee, costs.beat_store_us, costs.beat_node_us, costs.registration_node_us) > 0
    assert min(costs.beat_bytes, costs.broker_bytes, costs.topic_bytes, costs.node_empty_mib) > 0
    sized = {one.case: one.metrics for one in run.measurements}
    assert {name: len(sized["topics: 60"][name]) for name in ("seen_us", "asked_mib", "list_ms")} == {
        "seen_us": 1,
        "asked_mib": 1,
        "list_ms": 1,
    }
    assert sized["topics: 60"]["brokers"] == [6.0]
    assert [len(rows) for _, rows in tables(run)] == [8, 2, 2, 1, 3, len(ROWS)]
    assert "All is kept with 60 topics, the most that were tried." in page(run)
    assert any("heartbeats a second" in line for line in said)
