"""What is to be reached, and whether a run has reached it. Ratios are within one run, so any machine can judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from nsredis.bench.results import Measurement, Run, ratio

OURS: Final = "nsredis"

REGISTRATIONS: Final = 4.0
"""A second, which are due beside the queries: each broker every eight seconds, four times as often as brokers do."""

NODE_MIB: Final = 300
READY_S: Final = 6
LONGEST_US: Final = 50_000
"""What is promised of a node with 100,000 topics: its memory, its start until it is ready, the longest look-up."""

FOR: Final = {"Java 5": "Java 5.3."}
"""Where a goal is for one release of a peer: how that one's name begins. Others are judged too, beside the goal."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A metric of ours in one case.

    With a `peer` (how its name begins) the factor in our favour, with `than` that over another case of ours, else the
    value.
    """

    scenario: str
    case: str
    metric: str
    must: float
    goal: float
    peer: str = ""
    than: str = ""

    @property
    def ratio(self) -> bool:
        """Whether it is a factor, and not a value."""
        return bool(self.peer or self.than)

    @property
    def least(self) -> bool:
        """Whether more is better: ratios, and rates."""
        return self.ratio or self.metric in ("rate", "beside_rate")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says of a goal: the middle, the least and the most of its rounds."""

    goal: Goal
    against: str
    metric: str
    middle: float
    low: float
    high: float

    @property
    def beside(self) -> bool:
        """Whether this is against another release than the goal is for."""
        return not self.against.startswith(FOR.get(self.goal.peer, ""))

    @property
    def words(self) -> str:
        """In a word; in brackets beside the goal."""
        goal = self.goal
        reached = [self.middle >= limit if goal.least else self.middle <= limit for limit in (goal.goal, goal.must)]
        word = "goal reached" if reached[0] else "reached" if reached[1] else "missed"
        return f"({word})" if self.beside else word


def _against(scenario: str, case: str, *peers: tuple[str, float, float], metric: str = "rate") -> Iterator[Goal]:
    for peer, must, goal in peers:
        yield Goal(scenario, case, metric, must, goal, peer)


GOALS: Final = (
    *_against("routes", "2 brokers, 50 connections, depth 1", ("Java 4", 3, 4), ("Java 5", 3, 4), ("echo", 0.5, 0.7)),
    *_against(
        "routes", "2 brokers, 50 connections, depth 16", ("Java 4", 6, 10), ("Java 5", 6, 10), ("echo", 0.5, 0.7)
    ),
    *_against(
        "routes", "100 brokers, 50 connections, depth 1", ("Java 4", 8, 15), ("Java 5", 8, 15), ("echo", 0.5, 0.7)
    ),
    *_against(
        "routes", "100 brokers, 50 connections, depth 16", ("Java 4", 12, 25), ("Java 5", 12, 25), ("echo", 0.5, 0.7)
    ),
    *(
        Goal("routes", f"{width} brokers, 50 connections, depth {depth}", "cpu_us", 1, 1.05, "Rust")
        for width in (2, 100)
        for depth in (1, 16)
    ),
    *_against(
        "http",
        "200, 2 brokers, 50 connections",
        ("aiohttp", 5, 7),
        ("nginx memory", 0.8, 1),
        ("nginx file", 1.2, 2),
        ("etcd", 15, 25),
    ),
    *(
        Goal("http", f"304, {where}", "rate", 1, 1, than=f"200, {where}")
        for where in ("2 brokers, 50 connections", "100 brokers, 50 connections")
    ),
    *_against("registrations", "10,000 topics, unchanged", ("Java 4", 1, 3), ("Java 5", 1, 3)),
    *_against("registrations", "10,000 topics, unchanged, compressed", ("Java 5", 10, 30)),
    *_against(
        "registrations",
        "10,000 topics, one topic changed",
        ("Java 4", 1, 1.05),
        ("Java 5", 1, 1.05),
        metric="all_cpu_us",
    ),
    Goal("heartbeats", "batches of 100 by POST, 1000 brokers", "rate", 10_000, 20_000),
    Goal("heartbeats", "remoting, one-way, 1000 brokers", "rate", 10_000, 20_000),
    Goal("heartbeats", "one by POST, 1000 brokers", "rate", 3_000, 6_000),
    *_against("rocketmq", "", ("Java 4", 1, 1.05), ("Java 5", 1, 1.05), metric="cpu_us"),
    Goal("rocketmq", "", "beside_rate", REGISTRATIONS, REGISTRATIONS),
    *_against(
        "mixed",
        "100 topics, 10 brokers, 16 connections, 5 % registrations",
        ("Java 4", 1, 1.05),
        ("Java 5", 1, 1.05),
        ("Rust", 0, 1),
        metric="cpu_us",
    ),
    Goal("visibility", "idle", "p50_us", 5_000, 2_000),
    Goal("visibility", "1,000 other changes a second", "p50_us", 30_000, 10_000),
    Goal("size", "100,000 topics", "memory_mib", NODE_MIB, 150),
    Goal("size", "100,000 topics", "all_asked_mib", NODE_MIB, 150),
    Goal("size", "100,000 topics", "ready_s", READY_S, 3),
    Goal("size", "100,000 topics, 8 changed registrations a second", "longest_us", LONGEST_US, LONGEST_US),
    Goal("size", "100,000 topics, reload", "longest_us", LONGEST_US, LONGEST_US),
    Goal("size", "no topics", "beyond_imports_s", 1, 0.3),
    Goal("size", "no topics", "command_s", 0.2, 0.2),
)


def verdicts(run: Run) -> list[Verdict]:
    """What this run says of each goal whose case it has."""
    return [verdict for goal in GOALS for verdict in _judge(run, goal)]


def _judge(run: Run, goal: Goal) -> Iterator[Verdict]:
    here = [one for one in run.measurements if one.scenario == goal.scenario and goal.case in (one.case, "")]
    ours = next((one for one in here if one.server == OURS), None)
    if ours is None:
        return
    if goal.than:
        than = run.find(goal.scenario, goal.than, OURS)
        metric, found = advantage(goal.metric, ours, than) if than else (goal.metric, None)
        if found is not None:
            yield Verdict(goal, goal.than.partition(",")[0], metric, *found)
        return
    if not goal.peer:
        middle = ours.median(goal.metric)
        if middle is not None:
            values = ours.metrics[goal.metric]
            yield Verdict(goal, "", goal.metric, middle, min(values), max(values))
        return
    for peer in here:
        if peer.server.startswith(goal.peer):
            metric, found = advantage(goal.metric, ours, peer)
            if found is not None:
                yield Verdict(goal, peer.server, metric, *found)


def advantage(metric: str, ours: Measurement, peer: Measurement) -> tuple[str, tuple[float, float, float] | None]:
    """By what factor we are better, and in what: processor time where a rate was limited by something else."""
    if metric == "rate" and any(one.load_bound or one.disturbed for one in (ours, peer)):
        metric = "cpu_us"
    if metric == "rate":
        return metric, ratio(metric, ours, peer)
    return metric, ratio(metric, peer, ours)
