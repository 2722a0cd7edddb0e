"""What a run will do, from its seed alone: numbers in, a plan out."""

import random
from dataclasses import dataclass, field
from typing import Final, Literal

SHARED_TOPICS: Final = ("orders", "payments")
"""Topics that every group offers."""

KV_KEYS: Final = ("alpha", "beta", "gamma", "delta", "cold-1", "cold-2", "cold-3")
KV_WEIGHTS: Final = (20, 20, 20, 20, 3, 3, 3)
"""Some keys are written seldom: what they hold is known to all when the store is emptied."""

KV_CLIENTS: Final = 3
READERS: Final = 3
WATCHERS: Final = 3
NODES: Final = 3

Role = Literal["steady", "churn", "mass"]
Act = Literal["register", "silence", "speak", "leave"]


@dataclass(frozen=True, slots=True)
class Step:
    """What a broker does at a time. `late`: its old incarnation speaks once more so many seconds after."""

    at: float
    act: Act
    late: float = 0.0
    port_closes: bool = False


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """A broker and what it does; between steps it beats."""

    name: str
    id: int
    cluster: str
    role: Role
    lease_s: float
    remoting: bool
    steps: tuple[Step, ...]

    @property
    def broker(self) -> str:
        return f"{self.name}/{self.id}"


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A fault, when it comes at the earliest, and how long it lasts. `target` is a node's number, or the store."""

    at: float
    kind: str
    target: int
    lasts: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was drawn from a seed."""

    seed: int
    seconds: float
    brokers: tuple[BrokerPlan, ...]
    faults: tuple[FaultPlan, ...] = field(default=())


def topics_of(name: str, number: int) -> list[str]:
    """The topics of a group's registration number: every other one has a topic more."""
    return [*SHARED_TOPICS, f"own-{name}", *([f"extra-{name}"] if number % 2 else [])]


def always_topics(name: str) -> list[str]:
    """The topics of a group that all its registrations have."""
    return topics_of(name, 0)


def _steady(draw: random.Random, seconds: float) -> tuple[Step, ...]:
    steps, at = [Step(0.0, "register")], 0.0
    while (at := at + draw.uniform(3, 9)) < seconds:
        steps.append(Step(round(at, 3), "register"))
    return tuple(steps)


def _churn(draw: random.Random, seconds: float, lease_s: float) -> tuple[Step, ...]:
    steps: list[Step] = []
    at = draw.uniform(0, 5)
    while at < seconds:
        late = draw.uniform(0.3, 2.0) if steps and draw.random() < 0.6 else 0.0
        steps.append(Step(round(at, 3), "register", late=round(late, 3)))
        if draw.random() < 0.4:
            steps.append(Step(round(at + draw.uniform(0.5, 2.0), 3), "register"))
        at += draw.uniform(3, 9)
        act: Act = "leave" if draw.random() < 0.3 else "silence"
        steps.append(Step(round(at, 3), act, port_closes=draw.random() < 0.5))
        at += draw.uniform(1, 2) if act == "leave" else lease_s + draw.uniform(2, 6)
    return tuple(steps)


def _mass(draw: random.Random, seconds: float, silences: list[tuple[float, float]], *, joins: bool) -> tuple[Step, ...]:
    steps = [Step(0.0, "register")]
    for start, end in silences if joins else ():
        steps.append(Step(round(start + draw.uniform(0, 0.2), 3), "silence"))
        steps.append(Step(round(end + draw.uniform(0, 0.2), 3), "speak"))
    return tuple(step for step in steps if step.at < seconds)


def _silences(draw: random.Random, seconds: float) -> list[tuple[float, float]]:
    found, at = [], draw.uniform(4, 8)
    while at + 9 < seconds:
        end = at + draw.uniform(4, 8)
        found.append((at, end))
        at = end + draw.uniform(10, 25)
    return found


STEADY, CHURN, MASS = 7, 5, 8


def brokers(draw: random.Random, seconds: float) -> tuple[BrokerPlan, ...]:
    """Steady ones beside those that come and go, in one cluster; in another, most fall silent together."""
    found = [
        BrokerPlan(f"steady-{i}", 0, "one", "steady", 3.0, i % 3 == 2, _steady(draw, seconds)) for i in range(STEADY)
    ]
    found.append(BrokerPlan("steady-0", 1, "one", "steady", 3.0, False, (Step(0.0, "register"),)))
    for i in range(CHURN):
        steps = _churn(draw, seconds, 2.0)
        found.append(BrokerPlan(f"churn-{i}", 0, "one", "churn", 2.0, i == CHURN - 1, steps))
    silences = _silences(draw, seconds)
    for i in range(MASS):
        steps = _mass(draw, seconds, silences, joins=i > 1)
        found.append(BrokerPlan(f"mass-{i}", 0, "two", "mass", 2.0, False, steps))
    return tuple(found)


Kinds = dict[str, tuple[float, float, float]]
KINDS: Final[Kinds] = {
    # kind: weight, shortest, longest
    "node-kill": (3, 0.2, 3.0),
    "node-stop": (3, 0.5, 5.0),
    "store-kill": (3, 0.3, 5.0),
    "store-stop": (2, 0.5, 5.0),
    "store-pause": (1, 0.5, 3.0),
    "store-pause-write": (1, 0.5, 4.0),
    "kill-pubsub": (1, 0.0, 0.0),
    "kill-normal": (1, 0.0, 0.0),
    "flush": (2, 0.0, 0.0),
    "hole": (3, 1.0, 6.0),
    "slow": (2, 2.0, 5.0),
    "cut": (2, 0.1, 4.0),
}


SENTINEL_KINDS: Final[Kinds] = {
    "failover": (3, 0.5, 3.0),
    "failover-loss": (3, 0.2, 2.0),
    "node-kill": (2, 0.2, 3.0),
    "node-stop": (2, 0.5, 5.0),
    "kill-pubsub": (1, 0.0, 0.0),
    "kill-normal": (1, 0.0, 0.0),
}
"""Where the store is a primary with replicas, without ways of the nodes' own."""

OF_A_NODE: Final = ("node-kill", "node-stop", "hole", "slow", "cut")
"""Faults that meet one node; the others meet the store, and so everybody."""


def faults(draw: random.Random, seconds: float, kinds: Kinds) -> tuple[FaultPlan, ...]:
    """Faults one after another, with quiet in between. A third of them begin while another is not over yet: one that
    meets a node, and one that meets the store.
    """
    of_nodes = {kind: about for kind, about in kinds.items() if kind in OF_A_NODE}
    of_store = {kind: about for kind, about in kinds.items() if kind not in OF_A_NODE}
    found: list[FaultPlan] = []
    at = draw.uniform(4, 7)
    while True:
        one = _fault(draw, at, kinds)
        both = [one]
        if draw.random() < 0.33:
            others = of_store if one.kind in OF_A_NODE else of_nodes
            both.append(_fault(draw, at + draw.uniform(0, one.lasts), others))
        ends = max(fault.at + fault.lasts for fault in both)
        if ends > seconds - 3:
            return tuple(found)
        found += both
        at = ends + draw.uniform(4, 9)


def _fault(draw: random.Random, at: float, kinds: Kinds) -> FaultPlan:
    kind = draw.choices(list(kinds), [weight for weight, _, _ in kinds.values()])[0]
    return FaultPlan(round(at, 3), kind, draw.randrange(NODES), round(draw.uniform(*kinds[kind][1:]), 3))


def plan(seed: int, seconds: float, kinds: Kinds | None = None) -> Plan:
    """The plan of a seed: the same each time."""
    return Plan(
        seed,
        seconds,
        brokers(random.Random(f"{seed} brokers"), seconds),
        faults(random.Random(f"{seed} faults"), seconds, KINDS if kinds is None else kinds),
    )
