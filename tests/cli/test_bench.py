"""`nsredis bench`: that it measures everything, not how fast it is."""

import json
import signal
from pathlib import Path

import pytest

from nsredis.client.http_client import ApiClient
from tests.cli.commands import command, running
from tests.conftest import NodeFactory
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

UNDER_LOAD = [
    "route reads",
    "registrations, unchanged",
    "registrations, changed",
    "heartbeats, single",
    "heartbeats, batched",
]


async def test_on_its_own_it_starts_two_nodes_and_prints_all_figures() -> None:
    run = await command("bench", "--seconds", "0.2", server="127.0.0.1:1")
    assert run.code == 0, run.err
    for words in [*UNDER_LOAD, "change to visibility", "p50", "p99", "processor", "cores", "memory", "python", "store"]:
        assert words in run.out
    assert "\x1b" not in run.out


async def test_running_nodes_are_measured_and_left_clean(
    node_factory: NodeFactory, store_server: StoreProcess, server: str, client: ApiClient
) -> None:
    second = await node_factory(store_server.url)
    arguments = ("--server", server, "--second", second.http_address, "--seconds", "0.2", "--connections", "4")
    run = await command("bench", *arguments, "--json", server="127.0.0.1:1")
    assert run.code == 0, run.err
    said = json.loads(run.out)
    assert said["facts"]["nodes"] == f"{server} and http://{second.http_address}"
    assert [figure["name"] for figure in said["figures"]] == [*UNDER_LOAD, "change to visibility"]
    for figure in said["figures"]:
        assert len(figure["rounds"]) == 3
        assert min(figure["rounds"]) <= figure["median"] <= max(figure["rounds"])
        assert figure["median"] > 0
        assert figure["what"]
    assert 0 < said["figures"][-1]["p50"] <= said["figures"][-1]["p99"]
    assert (await client.topics()).value == []
    assert {broker.state for broker in (await client.brokers()).value} == {"offline"}


async def test_one_node_has_no_delay_to_measure(server: str) -> None:
    run = await command("bench", "--server", server, "--seconds", "0.1", "--json", server="127.0.0.1:1")
    assert [figure["name"] for figure in json.loads(run.out)["figures"]] == UNDER_LOAD
    assert "without --second" in run.err


async def test_ctrl_c_takes_the_brokers_away_again(server: str, client: ApiClient) -> None:
    async with running("bench", "--server", server, "--seconds", "60", server="127.0.0.1:1") as bench:
        await bench.says("measuring route reads")
        run = await bench.end(signal.SIGINT)
    assert run.code == 130
    assert (await client.topics()).value == []


@pytest.mark.parametrize(
    ("scenario", "says", "signals"),
    [
        ((), "measuring route reads", [signal.SIGINT, signal.SIGTERM]),
        (("mixed",), "mixed: 100 topics", [signal.SIGTERM]),
        (("mixed",), "mixed: 100 topics", [signal.SIGKILL]),
    ],
)
async def test_no_folder_is_left_however_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scenario: tuple[str, ...], says: str, signals: list[signal.Signals]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    async with running("bench", *scenario, "--seconds", "60", "--patience", "0", server="127.0.0.1:1") as bench:
        await bench.says(says, 30)
        assert [path.name[:14] for path in tmp_path.iterdir()] == ["nsredis-bench-"]
        for number in signals:
            bench.send(number)
        assert (await bench.ended()).code != 0
        await eventually(lambda: not any(tmp_path.iterdir()), 20, what="the folder is removed")


async def test_wrong_options_are_told(server: str) -> None:
    assert (await command("bench", "--second", server, server=server)).code == 2
    assert (await command("bench", "--server", "https://x", server=server)).code == 2
    run = await command("bench", "--server", "127.0.0.1:1", server=server)
    assert (run.code, run.err) == (1, "nsredis: no answer from http://127.0.0.1:1: Connection refused\n")


async def test_a_scenario_is_measured_beside_its_peers_and_written_down(tmp_path: Path) -> None:
    arguments = (
        "--rounds",
        "1",
        "--seconds",
        "0.05",
        "--patience",
        "0",
        "--peer",
        "aiohttp",
        "--into",
        str(tmp_path),
        "--json",
    )
    run = await command("bench", "http", "mixed", "workers", *arguments, server="127.0.0.1:1")
    assert run.code == 0, run.err
    said = json.loads(run.out)
    measured = {(one["scenario"], one["server"]) for one in said["measurements"]}
    workers = {("workers", "nsredis, 1 worker"), ("workers", "nsredis, 2 workers")}
    assert measured == {("http", "nsredis"), ("http", "aiohttp"), ("mixed", "nsredis"), *workers}
    at_rates = [(one["scenario"], one["server"]) for one in said["measurements"] if one["case"].endswith(" a second")]
    twice = [("http", "nsredis"), ("http", "aiohttp")] * 2
    assert at_rates == [*twice, ("mixed", "nsredis"), *sorted(workers)]
    for one in said["measurements"]:
        assert one["problem"] == ""
        assert min(one["metrics"]["cpu_us"]) > 0
        assert min(one["metrics"]["peak_mib"]) > 1
    assert said["missing"]["nginx"] == "not asked for"
    assert {path.name for path in tmp_path.iterdir()} == {f"performance.{kind}" for kind in ("json", "md", "svg")}


async def test_scenarios_and_running_servers_do_not_go_together(server: str) -> None:
    for arguments in (("http", "--server", server), ("quick", "http"), ("quick", "--renew"), ("nothing",)):
        assert (await command("bench", *arguments, server=server)).code == 2
