"""Look-ups at a steady rate while something breaks, each judged."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tests.faults.asking import Asking, Outcome
from tests.faults.expected import Brokers, Expected, Verdict
from tests.faults.speech import HttpSpeech, RemotingSpeech
from tests.support.eventually import eventually
from tests.support.flicker import Stalls

INTERVAL_S = 0.1


class Addressed(Protocol):
    """A node, or a balancer."""

    @property
    def http(self) -> str: ...

    @property
    def remoting(self) -> str: ...


@dataclass(frozen=True)
class Place:
    """Addresses by themselves, as of a proxy."""

    http: str
    remoting: str


class LookupLoad:
    """Clients that ask `places` (nodes, which a client takes in turn, or one balancer) for the routes of some topics.

    Open loop: each client asks every `interval_s`, and what is not answered in time does not stop the next look-up. As
    RocketMQ's clients do, they connect again at once and go to the next address when a connection breaks, give a name
    server 3 s, and repeat elsewhere what was answered with "please go away". A look-up that broke is not tried again:
    it counts as failed.
    """

    def __init__(
        self,
        places: Sequence[Addressed],
        routes: Mapping[str, Brokers],
        *,
        remoting: int = 40,
        http: int = 8,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self.expected = Expected(routes)
        self.outcomes: list[Outcome] = []
        self._places = list(places)
        self.remoting, self.http, self._interval_s = remoting, http, interval_s
        self._clients: list[Asking] = []
        self._stalls = Stalls()
        self._began = self._ended = 0.0

    @property
    def clients(self) -> int:
        """How many ask; those of RocketMQ's protocol have the lower numbers."""
        return self.remoting + self.http

    async def __aenter__(self) -> "LookupLoad":
        await self._stalls.__aenter__()
        loop = asyncio.get_running_loop()
        self._began = self._ended = loop.time() + 0.1
        addresses = [(RemotingSpeech, [place.remoting for place in self._places])] * self.remoting
        addresses += [(HttpSpeech, [place.http for place in self._places])] * self.http  # type: ignore[list-item]
        for number, (speech, places) in enumerate(addresses):
            client = Asking(number, places, speech, self.expected, self.outcomes.append)
            self._clients.append(client)
            client.begin(self._began + self._interval_s * number / len(addresses), self._interval_s)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ended = asyncio.get_running_loop().time()
        await asyncio.gather(*(client.end() for client in self._clients))
        await self._stalls.__aexit__()

    async def steady(self, rounds: int = 5) -> None:
        """Wait until each client has asked a few times more and got right answers."""
        seen = len(self.outcomes)

        def answered() -> bool:
            right = Counter(outcome.client for outcome in self.outcomes[seen:] if outcome.verdict is Verdict.RIGHT)
            return len(right) == len(self._clients) and min(right.values()) >= rounds

        await eventually(answered, 20, what="the load goes on", every_s=0.05)

    @property
    def share_right(self) -> float:
        """The share of look-ups that were answered right, in one."""
        counts = self.counts
        return counts[Verdict.RIGHT] / max(1, counts.total())

    @property
    def counts(self) -> Counter[Verdict]:
        return Counter(outcome.verdict for outcome in self.outcomes)

    @property
    def wrong(self) -> list[Outcome]:
        return self._of(Verdict.WRONG)

    @property
    def refused(self) -> list[Outcome]:
        return self._of(Verdict.REFUSED)

    @property
    def failed(self) -> list[Outcome]:
        return self._of(Verdict.FAILED)

    def _of(self, verdict: Verdict) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.verdict is verdict]

    @property
    def longest_gap_s(self) -> float:
        """The longest time that a client was without a right answer, beyond its interval."""
        moments: dict[int, list[float]] = {number: [self._began] for number in range(len(self._clients))}
        for outcome in self.outcomes:
            if outcome.verdict is Verdict.RIGHT:
                moments[outcome.client].append(outcome.ended)
        gaps = [
            later - earlier
            for ended in moments.values()
            for earlier, later in itertools.pairwise([*sorted(ended), max(self._ended, ended[-1])])
        ]
        return max(0.0, max(gaps, default=0.0) - self._interval_s)

    @property
    def stalled_s(self) -> float:
        """How long this process woke up too late at the worst: the machine's part of a gap."""
        return self._stalls.longest_ms / 1000

    @property
    def largest_staleness_s(self) -> float:
        """The oldest answer, by its own account."""
        return max((outcome.stale_ms for outcome in self.outcomes), default=0) / 1000

    def latency_ms(self, percent: float) -> float:
        """Of right answers, from the time at which the look-up was due."""
        took = sorted(outcome.ended - outcome.due for outcome in self.outcomes if outcome.verdict is Verdict.RIGHT)
        return 1000 * took[min(len(took) - 1, int(len(took) * percent / 100))] if took else float("inf")

    def figures(self) -> dict[str, Any]:
        """What `figures.note` takes of a load."""
        return {
            "look_ups": len(self.outcomes),
            "share_right": self.share_right,
            "wrong": len(self.wrong),
            "longest_gap_s": self.longest_gap_s,
            "stalled_s": self.stalled_s,
            "staleness_s": self.largest_staleness_s,
            "p50_ms": self.latency_ms(50),
            "p99_ms": self.latency_ms(99),
        }
