"""The scenario `capacity` from end to end, with few brokers."""

import pytest

from nsredis.bench.capacity import knee
from nsredis.bench.capacity.figures import Costs
from nsredis.bench.capacity.page import page, tables
from nsredis.bench.results import Run
from nsredis.bench.run import Options, new_session
from nsredis.bench.scenarios import capacity


def test_it_measures_all_that_the_page_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "SIZES", ((0, 0), (400, 0), (5, 20)))
    monkeypatch.setattr(capacity, "KNEE_FROM", 400)
    monkeypatch.setattr(knee, "FIRST_RATE", 1000.0)
    monkeypatch.setattr(knee, "MOST_STEPS", 2)
    said: list[str] = []
    with new_session(Options(rounds=1, seconds=0.05, quiet_s=0.0), said.append) as session:
        run = Run({"cores": "some"}, session.told, {}, capacity.measure(session))
    assert [one.problem for one in run.measurements if one.problem] == []
    costs = Costs.of(run)
    assert costs is not None
    assert costs.most_brokers == 400
    assert min(costs.knee, costs.beat_store_us, costs.beat_node_us, costs.registration_node_us) > 0
    assert min(costs.beat_bytes, costs.broker_bytes, costs.topic_bytes, costs.node_empty_mib) > 0
    assert len(tables(run)) == 4
    assert "400 brokers without topics" in page(run)
    assert any("heartbeats a second" in line for line in said)
