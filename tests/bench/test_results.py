import re
from pathlib import Path

import msgspec
import pytest

from nsredis.bench.capacity.page import page as capacity_page
from nsredis.bench.chart import chart
from nsredis.bench.documents import write_into
from nsredis.bench.goals import GOALS, verdicts
from nsredis.bench.page import page
from nsredis.bench.results import Measurement, Run, ratio
from nsredis.bench.scenarios import SCENARIOS
from nsredis.bench.tables import markdown, scenario_table
from tests.support.processes import CHECKOUT

CASE = "2 brokers, 50 connections, depth 1"


def _measured(server: str, rates: list[float], cpu: list[float], **more: list[float]) -> Measurement:
    return Measurement("routes", CASE, server, {"rate": rates, "cpu_us": cpu, **more})


def _run(**more: list[float]) -> Run:
    ours = _measured("nsredis", [40_000, 50_000, 60_000], [10, 12, 14], **more)
    java = _measured("Java 4.9.7", [10_000, 10_000, 20_000], [80, 60, 70])
    return Run({"cores": "2"}, {"nsredis": "ours"}, {"rust": "not there"}, [ours, java])


def test_ratios_are_taken_within_rounds() -> None:
    ours, java = _run().measurements
    assert ratio("rate", ours, java) == (4.0, 3.0, 5.0)
    assert ratio("p50_us", ours, java) is None


def test_a_goal_is_judged_by_the_rate() -> None:
    (verdict,) = verdicts(_run())
    assert (verdict.against, verdict.metric, verdict.middle, verdict.words) == (
        "Java 4.9.7",
        "rate",
        4.0,
        "goal reached",
    )


@pytest.mark.parametrize("more", [{"load_share": [0.99], "server_share": [0.9]}, {"unquiet_share": [0.9]}])
def test_processor_time_stands_for_a_rate_that_something_else_limited(more: dict[str, list[float]]) -> None:
    (verdict,) = verdicts(_run(**more))
    assert (verdict.metric, verdict.middle) == ("cpu_us", 5.0)
    _, rows = scenario_table(_run(**more).measurements)
    assert rows[0][2] in ("≥ 50,000", "~ 50,000")
    assert rows[1][2] == "10,000"


def test_values_are_judged_by_their_limits() -> None:
    slow = Measurement("visibility", "idle", "nsredis", {"p50_us": [7_000.0]})
    assert [one.words for one in verdicts(Run({}, measurements=[slow]))] == ["missed"]


def test_a_goal_for_one_release_is_judged_by_it_and_others_stand_beside_it_in_brackets() -> None:
    run = _run()
    run.measurements += [_measured(f"Java {version}", [25_000] * 3, [20] * 3) for version in ("5.3.3", "5.30.1")]
    assert [(one.against, one.words) for one in verdicts(run)] == [
        ("Java 4.9.7", "goal reached"),
        ("Java 5.3.3", "missed"),
        ("Java 5.30.1", "(missed)"),
    ]


def test_a_goal_may_be_over_another_case_of_ours() -> None:
    run = Run({})
    for case, rates in (("200", [1000.0, 1000.0]), ("304", [1100.0, 1300.0])):
        run.measurements.append(Measurement("http", f"{case}, 2 brokers, 50 connections", "nsredis", {"rate": rates}))
    (verdict,) = verdicts(run)
    assert (verdict.against, round(verdict.middle, 3), verdict.words) == ("200", 1.2, "goal reached")
    assert "| rate /s, against 200 | 1.20 x | 1.10 x to 1.30 x | 1.00 x / 1.00 x | goal reached |" in page(run)


def test_registrations_beside_queries_must_keep_up() -> None:
    late = Measurement("rocketmq", "any", "nsredis", {"beside_rate": [3.5]})
    assert [(one.metric, one.words) for one in verdicts(Run({}, measurements=[late]))] == [("beside_rate", "missed")]


def test_another_case_with_a_rate_in_its_name_is_not_what_a_goal_is_for() -> None:
    run = Run({})
    case = "100 topics, 10 brokers, 16 connections, 5 % registrations"
    for where, slower in ((case, 2.0), (f"{case}, 4,000 a second", 3.0)):
        run.measurements += [
            Measurement("mixed", where, server, {"cpu_us": [cpu]})
            for server, cpu in (("nsredis", 10.0), ("Java 4.9.7", 10.0 * slower))
        ]
    assert [(one.against, one.middle) for one in verdicts(run)] == [("Java 4.9.7", 2.0)]


def test_goals_name_scenarios_that_there_are() -> None:
    assert {goal.scenario for goal in GOALS} <= set(SCENARIOS)


def test_every_scenario_has_its_module() -> None:
    modules = {path.stem for path in (CHECKOUT / "nsredis" / "bench" / "scenarios").glob("*.py")}
    assert modules - {"__init__"} == set(SCENARIOS)


def test_a_table_for_documents() -> None:
    assert markdown(["a", "b"], [["x", "1"], ["y", "≥ 2"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n| y | ≥ 2 |\n"


def test_the_chart_is_a_drawing_with_a_bar_for_each_server() -> None:
    drawing = chart(_run())
    assert drawing.startswith("<svg ")
    assert drawing.count("<rect ") == 2
    assert "NaN" not in drawing


def test_the_page_tells_who_was_measured_who_was_not_there_and_what_failed() -> None:
    run = _run()
    run.measurements.append(Measurement("http", "x", "nginx", {}, problem="it broke"))
    text = page(run)
    for words in ("goal reached", "rust (not there)", "nginx, x: it broke", "| cores | 2 |"):
        assert words in text


def test_wrong_answers_have_a_column_and_a_line_where_there_were_some() -> None:
    run = _run(wrong_share=[0.0] * 3)
    assert "wrong" not in "".join(scenario_table(run.measurements)[0])
    java = run.measurements[1]
    java.first_wrong = "length: {}"
    java.note(wrong_share=0.01)
    java.note(wrong_share=0.02, beside_wrong_share=0.0)
    assert scenario_table(run.measurements)[0][3] == "wrong %"
    assert f"* Java 4.9.7, {CASE}: 1.50 % of its answers are wrong" in page(run)
    assert "The first: length: {}" in page(run)


def _written(folder: Path) -> Run:
    return msgspec.json.decode((folder / "performance.json").read_bytes(), type=Run)


def test_what_was_written_before_of_other_scenarios_is_kept(tmp_path: Path) -> None:
    write_into(tmp_path, _run())
    newer = Run({"cores": "4"}, {}, {}, [Measurement("cluster", "x", "nsredis", {"rate": [1.23456789]})])
    write_into(tmp_path, newer)
    assert [one.scenario for one in _written(tmp_path).measurements] == ["routes", "routes", "cluster"]
    write_into(tmp_path, _run())
    again = _written(tmp_path)
    assert [one.scenario for one in again.measurements] == ["routes", "routes", "cluster"]
    assert again.measurements[-1].metrics["rate"] == [1.2346]


def test_scenarios_of_an_older_run_say_when_they_were_measured(tmp_path: Path) -> None:
    older = {"date": "2026-01-01", "nsredis": "0.0.1", "rounds": "5 of 0.5 s"}
    write_into(tmp_path, Run(older, {}, {}, [Measurement("cluster", "x", "nsredis", {"rate": [1.0]})]))
    for _ in range(2):  # it stays with the scenario
        write_into(tmp_path, Run(older | {"date": "2026-02-02"}, {}, {}, _run().measurements))
    text = (tmp_path / "performance.md").read_text()
    assert text.count("Measured on 2026-01-01, nsredis 0.0.1, rounds: 5 of 0.5 s.") == 1
    write_into(tmp_path, Run(older | {"date": "2026-02-02"}, {}, {}, [Measurement("cluster", "x", "nsredis", {})]))
    assert "Measured on" not in (tmp_path / "performance.md").read_text()


def test_the_page_of_the_documents_was_made_and_not_written() -> None:
    docs = CHECKOUT / "docs"
    run = msgspec.json.decode((docs / "performance.json").read_bytes(), type=Run)
    assert (docs / "performance.md").read_text() == page(run)
    assert (docs / "performance.svg").read_text() == chart(run)
    run = msgspec.json.decode((docs / "capacity.json").read_bytes(), type=Run)
    assert (docs / "capacity.md").read_text() == capacity_page(run)
    for name in ("performance.json", "capacity.json"):
        assert not re.search(r"/(?:tmp|root|home)/", (docs / name).read_text())
