"""What was measured: of each case and server, each metric in each round."""

import statistics
from typing import Final

import msgspec

FORMAT: Final = 1
NOT_QUIET: Final = 0.3
"""From here on others were at work on our cores before the rounds, and so probably in them."""

LOAD_BUSY: Final = 0.85
"""From here on the load itself may be what limits a rate."""


WRONG: Final = ("wrong_share", "beside_wrong_share")
"""Metrics: the part of a peer's answers that were wrong, and of those to the load beside."""


class Measurement(msgspec.Struct, rename="camel"):
    """One server in one case of a scenario. `metrics`: the values of each round, the units in the names."""

    scenario: str
    case: str
    server: str
    metrics: dict[str, list[float]]
    problem: str = ""
    """Why it was not measured to the end."""
    first_wrong: str = ""
    """The first answer that was not what it must be, where they are few and it was measured all the same."""

    def note(self, **values: float) -> None:
        """Add the values of a round."""
        for name, value in values.items():
            self.metrics.setdefault(name, []).append(value)

    def median(self, metric: str) -> float | None:
        """The middle value; None where it was not measured."""
        values = self.metrics.get(metric)
        return statistics.median(values) if values else None

    @property
    def load_bound(self) -> bool:
        """Whether the load's own core was full before the server's: the rate is then a lower bound."""
        load, server = self.median("load_share"), self.median("server_share")
        return load is not None and server is not None and load > LOAD_BUSY and load > server

    @property
    def disturbed(self) -> bool:
        """Whether others were at work: rates and latencies then say little, processor time still does."""
        return (self.median("unquiet_share") or 0.0) > NOT_QUIET


class Run(msgspec.Struct, rename="camel"):
    """One run of the benchmark. `servers`: what each is and how it runs; `missing`: who was not there, and why.

    `earlier`: scenarios that were kept from an older run, and how that was made.
    """

    facts: dict[str, str]
    servers: dict[str, str] = {}
    missing: dict[str, str] = {}
    measurements: list[Measurement] = []
    earlier: dict[str, str] = {}
    format: int = FORMAT

    @property
    def made(self) -> str:
        """When, of what and in how many rounds."""
        facts = [self.facts.get(name, "") for name in ("date", "nsredis", "rounds")]
        return "on {}, nsredis {}, rounds: {}".format(*facts)

    def find(self, scenario: str, case: str, server: str) -> Measurement | None:
        """The measurement of a server in a case."""
        wanted = (scenario, case, server)
        return next((one for one in self.measurements if (one.scenario, one.case, one.server) == wanted), None)


def ratio(metric: str, one: Measurement, other: Measurement) -> tuple[float, float, float] | None:
    """By what factor `one` has more of a metric: median, least and most over the rounds, each within its round."""
    pairs = zip(one.metrics.get(metric, ()), other.metrics.get(metric, ()), strict=False)
    ratios = [a / b for a, b in pairs if b]
    return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None
