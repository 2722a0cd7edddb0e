"""Many simulated brokers that register, beat together and leave."""

import asyncio
import random
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from nsredis.client.errors import ApiProblem, ClientError, ServerUnreachable
from nsredis.client.http_client import ApiClient
from nsredis.client.incarnations import new_instance, superseded
from nsredis.core.backoff import backoff_s
from nsredis.core.leases import heartbeat_ms
from nsredis.wire.api_types import HeartbeatItem, QueueDataBody, RegisterBody

BATCH: Final = 500
"""Heartbeats in one request."""

AT_ONCE: Final = 16
"""Registrations under way at the same time."""

COPIES: Final = 2
"""Brokers that serve each topic."""

LEAVE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 1.0


@dataclass(slots=True)
class SimulatedBroker:
    """One broker, the master of its own group; `epoch` is None while it is not registered."""

    cluster: str
    name: str
    address: str
    topics: list[str]
    epoch: int | None = None

    @property
    def place(self) -> tuple[str, str, int]:
        """How the API names it."""
        return self.cluster, self.name, 0


@dataclass(slots=True)
class FleetCounts:
    """What happened so far."""

    registered: int = 0
    beats: int = 0
    forgotten: int = 0
    taken: int = 0
    """Brokers that somebody else registered after us: they are left alone."""
    failures: int = 0
    last_failure: str = ""


def simulated_brokers(count: int, topics: int, cluster: str) -> list[SimulatedBroker]:
    """`count` brokers that serve `topics` topics together: each topic stands on two brokers, each broker has one."""
    digits, topic_digits = len(str(count)), len(str(topics))
    names = [f"{cluster}-topic-{number:0{topic_digits}}" for number in range(1, topics + 1)]
    tables: list[list[str]] = [[] for _ in range(count)]
    for i, name in enumerate(names):
        for copy in range(min(COPIES, count)):
            tables[(i + copy) % count].append(name)
    return [
        SimulatedBroker(
            cluster, f"{cluster}-{number:0{digits}}", _address(number), table or [names[number % len(names)]]
        )
        for number, table in enumerate(tables, 1)
    ]


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:10911"


class Fleet:
    """Brokers that one process plays: `beat_on` runs beside `register_all` from the first moment; then `leave`."""

    def __init__(self, client: ApiClient, brokers: Iterable[SimulatedBroker], lease_ms: int) -> None:
        self.brokers = list(brokers)
        self.counts = FleetCounts()
        self._client = client
        self._lease_ms = lease_ms
        self._instance = new_instance()

    @property
    def online(self) -> int:
        """How many are registered, as far as we know."""
        return sum(broker.epoch is not None for broker in self.brokers)

    def registration(self, broker: SimulatedBroker) -> RegisterBody:
        """What the broker says of itself."""
        topics = {topic: QueueDataBody() for topic in broker.topics}
        return RegisterBody(broker.address, lease_ms=self._lease_ms, instance=self._instance, topics=topics)

    async def register_all(self) -> None:
        """Register every broker once. A refusal is raised, and so is a server that never answered."""
        pending = iter(self.brokers)
        await _together(self._register_some(pending) for _ in range(AT_ONCE))

    async def _register_some(self, pending: Iterator[SimulatedBroker]) -> None:
        for broker in pending:
            failures = 0
            while not await self._register(broker, must=self.counts.registered == 0):
                failures += 1
                await asyncio.sleep(backoff_s(failures, random.random(), top_s=LONGEST_PAUSE_S))

    async def _register(self, broker: SimulatedBroker, *, must: bool = False) -> bool:
        """Register one; false when it is to be tried again. A refusal is raised, and with `must` every failure."""
        try:
            broker.epoch = (await self._client.register(*broker.place, self.registration(broker))).value.epoch
        except ServerUnreachable as problem:
            return self._failed(problem, must=must)
        except ApiProblem as problem:
            return self._failed(problem, must=must or not problem.passing)
        self.counts.registered += 1
        return True

    def _failed(self, problem: ClientError, *, must: bool) -> bool:
        if must:
            raise problem
        self.counts.failures += 1
        self.counts.last_failure = str(problem)
        return False

    async def beat_on(self) -> None:
        """Beat for all that are registered, in batches spread over the rhythm; register again what was forgotten."""
        batches = [self.brokers[i : i + BATCH] for i in range(0, len(self.brokers), BATCH)]
        rhythm_s = heartbeat_ms(self._lease_ms) / 1000
        await _together(
            self._beat_batch(batch, rhythm_s, rhythm_s * number / len(batches)) for number, batch in enumerate(batches)
        )

    async def _beat_batch(self, batch: list[SimulatedBroker], rhythm_s: float, first_s: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + first_s
        failures = 0
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            try:
                await self._beat(batch)
                failures = 0
                due = max(due + rhythm_s, loop.time())
            except ClientError as problem:
                if isinstance(problem, ApiProblem) and not problem.passing:
                    raise
                self._failed(problem, must=False)
                failures += 1
                due = loop.time() + min(rhythm_s, backoff_s(failures, random.random(), top_s=LONGEST_PAUSE_S))

    async def _beat(self, batch: list[SimulatedBroker]) -> None:
        beating = [broker for broker in batch if broker.epoch is not None]
        if not beating:
            return
        items = [HeartbeatItem(broker.cluster, broker.name, 0, broker.epoch) for broker in beating]
        outcomes = await self._client.heartbeats(items)
        forgotten, doubtful = [], []
        for broker, outcome in zip(beating, outcomes, strict=True):
            if outcome.status == HTTPStatus.NO_CONTENT:
                self.counts.beats += 1
            elif outcome.status == HTTPStatus.NOT_FOUND:
                forgotten.append(broker)
            elif outcome.status == HTTPStatus.CONFLICT:
                doubtful.append(broker)
            else:
                self.counts.failures += 1
                self.counts.last_failure = outcome.detail
        for broker in doubtful:
            if await self._taken(broker):
                broker.epoch, self.counts.taken = None, self.counts.taken + 1
            else:
                forgotten.append(broker)
        pending = iter(forgotten)
        await _together(self._register_again(pending) for _ in range(min(AT_ONCE, len(forgotten))))

    async def _register_again(self, pending: Iterator[SimulatedBroker]) -> None:
        """A broker that fails here is told at its next beat again that it is forgotten."""
        for broker in pending:
            if await self._register(broker):
                self.counts.forgotten += 1

    async def _taken(self, broker: SimulatedBroker) -> bool:
        try:
            holder = (await self._client.broker(*broker.place, strong=True)).value
        except ApiProblem as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return superseded(holder, instance=self._instance, epoch=broker.epoch or 0)

    async def leave(self) -> int:
        """Unregister all, in bounded time; how many could not. Their leases end by themselves."""
        pending = iter([broker for broker in self.brokers if broker.epoch is not None])
        try:
            async with asyncio.timeout(LEAVE_S):
                await _together(self._leave_some(pending) for _ in range(AT_ONCE))
        except (ClientError, TimeoutError):
            pass  # those that are left are counted
        return self.online

    async def _leave_some(self, pending: Iterator[SimulatedBroker]) -> None:
        for broker in pending:
            try:
                await self._client.unregister(*broker.place, broker.epoch)
            except ApiProblem as problem:
                if problem.passing:
                    continue
            broker.epoch = None


async def _together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run works at the same time; the first error ends all and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
