"""One run: its session and its scenarios."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Final

from nsredis import __version__
from nsredis.bench.failures import LoadFailed, PeerMissing
from nsredis.bench.folder import temporary_folder
from nsredis.bench.kernel.cores import choose_cores
from nsredis.bench.kernel.open_files import raise_open_files
from nsredis.bench.kernel.quiet import Quiet
from nsredis.bench.load.generator import Generator
from nsredis.bench.machine import machine_facts
from nsredis.bench.results import Measurement, Run
from nsredis.bench.scenarios import SCENARIOS
from nsredis.bench.session import Session

QUIET_EACH_S: Final = 4.0
"""How long a quiet machine is waited for, at most, before each round."""


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
    with temporary_folder() as folder:
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
