"""`nsredis bench`: a name server measured, alone in a minute or beside its peers scenario by scenario."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import msgspec

from nsredis.bench.capacity.figures import NAME as CAPACITY
from nsredis.bench.capacity.page import tables
from nsredis.bench.documents import write_into
from nsredis.bench.failures import LoadFailed
from nsredis.bench.folder import temporary_folder
from nsredis.bench.goals import OURS, verdicts
from nsredis.bench.quick import measure_quick, quick_rows, read_figures, write_figures
from nsredis.bench.run import Options, run_scenarios
from nsredis.bench.scenarios import SCENARIOS
from nsredis.bench.tables import by_scenario, goal_table, scenario_table
from nsredis.cli import output
from nsredis.cli.asking import fail, json_option, run
from nsredis.cli.bench_node import DEFAULT_SECONDS, measure_node, one_url
from nsredis.cli.event_loop import loop_factory

ALL: Final = "all"
QUICK: Final = "quick"
SECONDS: Final = 0.5
PEERS: Final = ("java53", "java5", "java4", "rust", "echo", "aiohttp", "nginx", "etcd", "redis")


@click.command(epilog="Scenarios: " + "; ".join(f"{name}: {text}" for name, text in SCENARIOS.items()) + ".")
@click.argument("scenarios", metavar="[SCENARIO]...", nargs=-1, type=click.Choice([*SCENARIOS, ALL, QUICK]))
@click.option("--server", metavar="URL", type=one_url, help="Measure this running node. [default: start two nodes]")
@click.option("--second", metavar="URL", type=one_url, help="Another node on the same store, which shows the changes.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.03, 600),
    help="How long for each figure, in a scenario for each round. [default: 3, in a scenario 0.5]",
)
@click.option(
    "--connections", default=16, show_default=True, type=click.IntRange(1, 1000), help="Connections open at a time."
)
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100), help="Rounds of each scenario.")
@click.option("--full", is_flag=True, help="Scenarios with all their cases, in more than an hour.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(PEERS), help="Only this peer; may be repeated.")
@click.option(
    "--patience",
    default=300.0,
    show_default=True,
    type=click.FloatRange(0, 86_400),
    help="Seconds, in all, for which rounds may wait until nobody else is at work on the machine.",
)
@click.option("--no-compiler", is_flag=True, help="Make the load in Python even where there is a C compiler.")
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write page, chart and JSON there. What the JSON there has of other scenarios is kept.",
)
@click.option(
    "--figures",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="For quick: what to compare with.",
)
@click.option("--renew", is_flag=True, help="For quick: write the figures to that file.")
@json_option
def bench(
    scenarios: tuple[str, ...],
    server: str | None,
    second: str | None,
    seconds: float | None,
    connections: int,
    rounds: int,
    patience: float,
    peers: tuple[str, ...],
    into: Path | None,
    figures: Path | None,
    *,
    full: bool,
    no_compiler: bool,
    renew: bool,
    as_json: bool,
) -> None:
    """Measure a name server.

    Without SCENARIO: reads, registrations and heartbeats in a second, and the delay of changes, of one node by itself.
    It starts two nodes on one store, in a temporary folder. With --server it loads a running node, and its users feel
    that: it registers brokers of a cluster of its own there and takes them away again.

    With SCENARIO (several, or all): side by side with the peers that are installed, round by round, server and load on
    cores of their own. With quick: the hot paths' processor time, compared with figures that were kept.
    """
    if second and not server:
        raise click.UsageError("--second goes with --server")
    if scenarios and server:
        raise click.UsageError("a scenario starts its servers itself; --server goes without one")
    if renew and not figures:
        raise click.UsageError("--renew goes with --figures")
    if scenarios == (QUICK,):
        _quick(figures, renew=renew, as_json=as_json)
    elif QUICK in scenarios:
        raise click.UsageError("quick goes alone")
    elif scenarios:
        options = Options(rounds, seconds or SECONDS, full, peers or None, not no_compiler, patience)
        _scenarios(list(SCENARIOS) if ALL in scenarios else scenarios, options, into, as_json=as_json)
    else:
        with temporary_folder() as folder:
            measuring = measure_node(server, second, folder, seconds or DEFAULT_SECONDS, connections, as_json=as_json)
            run(measuring, loop_factory())


def _scenarios(names: Sequence[str], options: Options, into: Path | None, *, as_json: bool) -> None:
    found = run_scenarios(names, options, _tell)
    if into is not None:
        write_into(into, found)
        _tell(f"written into {into}")
    if as_json:
        output.json_body(msgspec.json.encode(found))
    else:
        output.facts(found.facts | {f"without {peer}": why for peer, why in found.missing.items()})
        for name, measurements in by_scenario(found).items():
            click.echo(f"\n{name}: {SCENARIOS[name]}\n")
            whole = [one for one in measurements if one.metrics]
            for columns, rows in tables(found) if name == CAPACITY else [scenario_table(whole)] if whole else []:
                output.table(columns, rows, empty="")
        judged = verdicts(found)
        if judged:
            click.echo("\ngoals\n")
            output.table(*goal_table(judged), empty="")
    problems = [
        f"{one.scenario}: {one.case}: {one.problem}" for one in found.measurements if one.server == OURS and one.problem
    ]
    if problems:
        fail("; ".join(problems))


def _quick(figures: Path | None, *, renew: bool, as_json: bool) -> None:
    try:
        now = measure_quick(_tell)
    except LoadFailed as error:
        fail(str(error))
    if as_json:
        output.json_body(msgspec.json.encode(now))
    else:
        columns = ["hot path", "CPU µs", "x echo", "kept", "change"]
        output.table(columns, quick_rows(now, read_figures(figures) if figures else None), empty="")
    if renew and figures:
        write_figures(figures, now)


def _tell(words: str) -> None:
    click.echo(words, err=True)
