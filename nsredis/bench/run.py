"""One run: its session, its scenarios, and what it leaves behind."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from nsredis import __version__
from nsredis.bench.chart import chart
from nsredis.bench.failures import LoadFailed, PeerMissing
from nsredis.bench.kernel.cores import choose_cores
from nsredis.bench.kernel.open_files import raise_open_files
from nsredis.bench.kernel.quiet import Quiet
from nsredis.bench.load.generator import Generator
from nsredis.bench.machine import machine_facts
from nsredis.bench.page import page
from nsredis.bench.results import Measurement, Run
from nsredis.bench.scenarios import SCENARIOS
from nsredis.bench.session import Session

QUIET_EACH_S: Final = 4.0
"""How long a quiet machine is waited for, at most, before each round."""

FILE: Final = "performance"


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done."""

    rounds: int = 5
    seconds: float = 0.5
    full: bool = False
    peers: Collection[str] | None = None
    compiled: bool = True
    quiet_s: float = 300.0
    """How long a quiet machine is waited for in all."""


@contextmanager
def new_session(options: Options, tell: Callable[[str], None]) -> Iterator[Session]:
    """A session in a temporary folder. Ends what it started, and gives the cores back."""
    raise_open_files()
    cores = choose_cores()
    with TemporaryDirectory(prefix="nsredis-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        generator = Generator(folder, cores, compiled=options.compiled)
        quiet = Quiet(cores.server | cores.load, min(QUIET_EACH_S, options.quiet_s / 20), options.quiet_s)
        yield Session(
            folder, cores, generator, quiet, options.rounds, options.seconds, tell, options.full, options.peers
        )


def run_scenarios(names: Sequence[str], options: Options, tell: Callable[[str], None]) -> Run:
    """Run them in their order. A scenario that fails is told of, and the others go on."""
    run = Run(facts={})
    with new_session(options, tell) as session:
        facts = {
            "nsredis": __version__,
            **machine_facts(),
            "date": datetime.now(UTC).date().isoformat(),
            "cores used": str(session.cores),
            "load": f"{session.generator.kind} load generator, {len(session.cores.load)} process(es)",
            "rounds": f"{options.rounds} of {options.seconds} s",
        }
        for name in (known for known in SCENARIOS if known in names):
            started = time.monotonic()
            try:
                run.measurements += import_module(f"nsredis.bench.scenarios.{name}").measure(session)
            except (LoadFailed, PeerMissing) as error:
                tell(f"{name}: {error}")
                run.measurements.append(Measurement(name, "", "nsredis", {}, problem=str(error)))
            tell(f"{name}: done in {time.monotonic() - started:.0f} s")
        run.facts, run.servers, run.missing = facts, session.told, session.missing
    return run


def write_into(folder: Path, run: Run) -> Run:
    """Write JSON, chart and page; what the JSON there has of other scenarios is kept. The whole."""
    path = folder / f"{FILE}.json"
    older = msgspec.json.decode(path.read_bytes(), type=Run) if path.exists() else Run({})
    whole = _rounded(_together(older, run))  # the page is made of what the JSON says
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_by_lines(whole))
    (folder / f"{FILE}.svg").write_text(chart(whole))
    (folder / f"{FILE}.md").write_text(page(whole))
    return whole


def _together(older: Run, newer: Run) -> Run:
    measured = {one.scenario for one in newer.measurements}
    kept = [one for one in older.measurements if one.scenario not in measured]
    order = list(SCENARIOS)
    return Run(
        facts=newer.facts,
        servers=older.servers | newer.servers,
        missing={name: why for name, why in (older.missing | newer.missing).items() if why != "not asked for"},
        measurements=sorted(kept + newer.measurements, key=lambda one: order.index(one.scenario)),
    )


def _by_lines(run: Run) -> bytes:
    """As JSON with a line for each measurement, so that it is short and its changes can be read."""
    head = msgspec.json.format(msgspec.json.encode(msgspec.structs.replace(run, measurements=[])), indent=1)
    lines = b",\n".join(b"  " + msgspec.json.encode(one) for one in run.measurements)
    return head.replace(b'"measurements": []', b'"measurements": [\n%b\n ]' % lines) + b"\n"


def _rounded(run: Run) -> Run:
    """Without digits that mean nothing, which would only make the file long."""
    return Run(
        run.facts,
        run.servers,
        run.missing,
        [
            Measurement(
                one.scenario,
                one.case,
                one.server,
                {name: [float(f"{value:.5g}") for value in values] for name, values in one.metrics.items()},
                one.problem,
            )
            for one in run.measurements
        ],
    )
