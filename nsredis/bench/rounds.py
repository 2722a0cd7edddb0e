"""Rounds in which the servers take turns, so that what disturbs the machine disturbs all of them."""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from nsredis.bench.failures import LoadFailed
from nsredis.bench.kernel.accounting import Usage
from nsredis.bench.kernel.quiet import CoreTimes, core_times
from nsredis.bench.load.generator import LoadResult
from nsredis.bench.load.plan import Plan
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.results import WRONG, Measurement
from nsredis.bench.session import Session

WARM_PART: Final = 0.5
"""How long the round is that is not counted, as a part of a round."""

WARM_LOAD_S: Final = 2.0
LONGEST_WARM_UP: Final = 3.0
"""How often as long as its processor time a warm-up may take."""

MOST_WRONG: Final = 0.05
"""The part of a peer's answers that may be wrong; where it is more, the peer is left out."""

Sample = tuple[Usage, Usage | None, CoreTimes]
Proof = Callable[[int, int], None]
"""Asks the server on a port whether it kept what it was told in the round of that number. LoadFailed when not."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A server and what it is asked. `each`: how much one answer counts for, such as the heartbeats of a batch."""

    server: ServerProcess
    plan: Plan | Callable[[int], Plan]
    """Or what makes the plan of each round, where requests are used up; the round that is not counted is -1."""
    port: int = 0
    each: float = 1
    name: str = ""
    tags: bool = False
    """Whether it knows ETags."""
    before: Callable[[], None] | None = None
    """What is to be done before each load."""
    warm_s: float = 0.0
    """How long it is loaded before it is measured for the first time."""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """How the load comes: a rate of 0 is the closed loop."""

    connections: int
    depth: int = 1
    rate: float = 0.0
    seconds: float | None = None
    rounds: int | None = None


@dataclass(frozen=True, slots=True)
class Companion:
    """A second load on the same server at the same time. Its processor time counts with the first's."""

    plan: Callable[[int], Plan]
    shape: Shape
    proof: Proof | None = None


def take_turns(
    session: Session,
    scenario: str,
    case: str,
    subjects: Sequence[Subject],
    shape: Shape,
    companion: Companion | None = None,
) -> list[Measurement]:
    """Measure all subjects in turn, round by round, after one round that is not counted."""
    measurements = [Measurement(scenario, case, subject.name or subject.server.name, {}) for subject in subjects]
    session.tell(f"{scenario}: {case}: {', '.join(one.server for one in measurements)}")
    taking_part = list(zip(subjects, measurements, strict=True))
    for number in range(-1, shape.rounds or session.rounds):
        for subject, measurement in list(taking_part):
            session.keep_alive()
            try:
                _round(session, subject, shape, number, measurement, companion)
            except LoadFailed as error:
                measurement.problem = str(error)
                session.tell(f"{measurement.server} is left out of this case: {error}")
                taking_part.remove((subject, measurement))
    for measurement in measurements:
        _leave_out_where_wrong(session, measurement)
    return measurements


def _leave_out_where_wrong(session: Session, measurement: Measurement) -> None:
    """Little can be said of a server that is fast and wrong."""
    for metric in WRONG:
        share = statistics.fmean(measurement.metrics.get(metric) or [0.0])
        if share > MOST_WRONG:
            measurement.problem = f"{100 * share:.1f} % of its answers are wrong, the first: {measurement.first_wrong}"
            measurement.metrics.clear()
            session.tell(f"{measurement.server} is left out of this case: {measurement.problem}")


def _round(
    session: Session,
    subject: Subject,
    shape: Shape,
    number: int,
    measurement: Measurement,
    companion: Companion | None,
) -> None:
    """One round of one subject; that of number -1 is not counted."""
    seconds = shape.seconds or session.seconds
    if number < 0:
        _warm_up(session, subject, shape, seconds)
        return
    if subject.before is not None:
        subject.before()
    unquiet = session.quiet.wait()
    if companion is None:
        result = _load(session, subject, shape, number, seconds)
        metrics = _metrics(result, subject, unquiet)
    else:
        beside = Subject(subject.server, companion.plan, subject.port, proof=companion.proof)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(_load, session, beside, companion.shape, number, seconds)
            result = _load(session, subject, shape, number, seconds)
            metrics = _metrics(result, subject, unquiet)
            second = other.result()
        metrics["beside_rate"] = second.rate
        metrics["beside_p50_us"] = second.latencies.quantile_us(0.5)
        metrics["beside_wrong_share"] = second.wrong_share
        measurement.first_wrong = measurement.first_wrong or second.first_wrong
    measurement.first_wrong = measurement.first_wrong or result.first_wrong
    measurement.note(**metrics)


def _warm_up(session: Session, subject: Subject, shape: Shape, seconds: float) -> None:
    """Load a server until it has worked for its warm-up: on a busy machine that takes longer, but not without end."""
    wanted_s = session.first_time(subject.server, subject.warm_s)
    started, before = time.monotonic(), subject.server.usage()
    while True:
        if subject.before is not None:
            subject.before()
        _load(session, subject, shape, -1, max(WARM_PART * seconds, min(wanted_s, WARM_LOAD_S)))
        worked_s, _ = subject.server.usage().since(before)
        if worked_s >= wanted_s or time.monotonic() - started >= LONGEST_WARM_UP * wanted_s:
            return


def _load(session: Session, subject: Subject, shape: Shape, number: int, seconds: float) -> LoadResult[Sample]:
    server, cores = subject.server, session.cores.server | session.cores.load

    def sample() -> Sample:
        return server.usage(), server.beside.usage() if server.beside else None, core_times(cores)

    def proof() -> None:
        if subject.proof is not None and number >= 0:
            subject.proof(subject.port or server.port, number)

    return session.generator.run(
        subject.port or server.port,
        subject.plan(number) if callable(subject.plan) else subject.plan,
        sample,
        connections=shape.connections,
        depth=shape.depth,
        seconds=seconds,
        rate=shape.rate,
        forgiving=server.forgiven,
        proof=proof,
    )


def _metrics(result: LoadResult[Sample], subject: Subject, unquiet: float) -> dict[str, float]:
    (used, store_used, cores), (used_before, store_before, cores_before) = result.after, result.before
    ran, waited = used.since(used_before)
    done = result.answers * subject.each
    metrics = {
        "rate": result.rate * subject.each,
        "wrong_share": result.wrong_share,
        "cpu_us": 1e6 * ran / done if done else 0.0,
        "p50_us": result.latencies.quantile_us(0.5),
        "p99_us": result.latencies.quantile_us(0.99),
        "p999_us": result.latencies.quantile_us(0.999),
        "longest_us": result.latencies.quantile_us(1.0),
        "server_share": ran / result.lasted_s,
        "load_share": result.busy,
        "queued_share": max(waited / result.lasted_s, result.queued),
        "stolen_share": cores.stolen_since(cores_before),
        "unquiet_share": unquiet,
        "peak_mib": subject.server.peak_mib(),
    }
    if store_used is not None and store_before is not None:
        metrics["store_cpu_us"] = 1e6 * store_used.since(store_before)[0] / done if done else 0.0
    metrics["all_cpu_us"] = metrics["cpu_us"] + metrics.get("store_cpu_us", 0.0)
    return metrics
