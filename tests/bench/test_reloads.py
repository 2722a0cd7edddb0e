"""A node that is made to read everything again, and the scenario `size` that measures it, with few topics."""

from pathlib import Path

import pytest

from nsredis.bench.brokers import Registered, routes, spread, topics_of
from nsredis.bench.kernel.cores import choose_cores
from nsredis.bench.peers.ours import Store, our_nodes
from nsredis.bench.reloads import measure_reloads, reload, reloads
from nsredis.bench.results import Measurement
from nsredis.bench.run import Options, new_session
from nsredis.bench.scenarios import size
from nsredis.bench.talk import Talk


def test_each_reload_is_a_real_one() -> None:
    with (
        new_session(Options(rounds=1, seconds=0.05, quiet_s=0.0), lambda _: None) as session,
        our_nodes(session.folder / "reloads", session.cores) as (node,),
        Talk(node.http_port) as talk,
    ):
        store = node.beside
        assert isinstance(store, Store)
        assert reloads(talk) == 0
        for number in (1, 2):
            assert reload(node, store, f"number {number}") > 0
            assert reloads(talk) == number


def test_a_reload_that_outlasts_the_queries_beside_it_is_not_measured() -> None:
    with (
        new_session(Options(rounds=1, seconds=0.05, quiet_s=0.0), lambda _: None) as session,
        our_nodes(session.folder / "reloads", session.cores) as (node,),
    ):
        store, brokers = node.beside, spread(1, 2, word="reloaded")
        assert isinstance(store, Store)
        registered = Registered.at(node.port, brokers)
        known = routes(node.port, topics_of(brokers))
        found = [Measurement("some", f"{seconds} s", "nsredis", {}) for seconds in (0.1, 1.0)]
        for one, seconds in zip(found, (0.1, 1.0), strict=True):
            measure_reloads(session, node, store, known, one, rounds=1, seconds=seconds)
        registered.close()
    assert found[0].problem.endswith("longer than the queries beside it")
    assert found[0].metrics == {}
    assert found[1].problem == ""
    assert 0 < found[1].metrics["longest_us"][0] < 1e6


def test_a_measured_node_saves_its_view_beside_its_store_and_nowhere_else(tmp_path: Path) -> None:
    with our_nodes(tmp_path, choose_cores()):
        pass
    assert (tmp_path / "views" / "default.view").exists(), "it went where the views of this user's own nodes are"


def test_the_scenario_measures_reloads_beside_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size, "SIZES", (2000,))
    with new_session(Options(rounds=1, seconds=0.05, quiet_s=0.0), lambda _: None) as session:
        found = {one.case: one for one in size.measure(session)}
    assert [one.problem for one in found.values() if one.problem] == []
    measured = found["2,000 topics, reload"].metrics
    assert {name: len(measured[name]) for name in ("reload_s", "longest_us")} == {"reload_s": 1, "longest_us": 1}
