"""How long a change takes from one node to a watcher of another."""

import asyncio
import math
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from nsredis.bench.failures import LoadFailed
from nsredis.bench.figures import ROUNDS, Figure
from nsredis.bench.fleet import Fleet
from nsredis.client.http_client import ApiClient
from nsredis.client.watcher import Watcher, WatchEvent
from nsredis.wire.api_types import QueueDataBody, RegisterBody

SEEN_S: Final = 10.0
FIRST: Final = 100
"""The first number of read queues; each change has the next one, so that each is known when it is seen."""

NUMBERS: Final = 60_000


async def propagation(first: ApiClient, second: ApiClient, fleet: Fleet, seconds: float) -> Figure:
    """Change a topic on the first node, again and again, and see when a watcher of the second node hears of it.

    The time runs from just before the request is sent, so it has the write and the watcher's own work in it.
    """
    broker = fleet.brokers[0]
    topic = broker.topics[0]
    whole = fleet.registration(broker)
    assert whole.topics is not None
    rounds: list[list[float]] = []
    writes: list[float] = []
    number = 0
    async with aclosing(aiter(Watcher(second, [topic], patient=False))) as events:
        await anext(events)  # it is connected
        for _ in range(ROUNDS):
            delays: list[float] = []
            ends = time.perf_counter() + seconds / ROUNDS
            while not delays or time.perf_counter() < ends:
                wanted = FIRST + number % NUMBERS
                number += 1
                body = msgspec.structs.replace(
                    whole, topics=whole.topics | {topic: QueueDataBody(read_queue_nums=wanted)}
                )
                sent = time.perf_counter()
                writing = asyncio.create_task(_timed_write(first, broker.place, body))
                await _seen(events, broker.name, wanted)
                delays.append(time.perf_counter() - sent)
                writes.append(await writing)
            rounds.append(delays)
    return _figure(rounds, writes)


async def _timed_write(client: ApiClient, place: tuple[str, str, int], body: RegisterBody) -> float:
    started = time.perf_counter()
    await client.register(*place, body)
    return time.perf_counter() - started


async def _seen(events: AsyncIterator[WatchEvent], name: str, wanted: int) -> None:
    try:
        async with asyncio.timeout(SEEN_S):
            async for event in events:
                route = event.data.get("route") or {"queueDatas": []}
                if any(row["brokerName"] == name and row["readQueueNums"] == wanted for row in route["queueDatas"]):
                    return
    except TimeoutError:
        raise LoadFailed(f"the second node did not show a change within {SEEN_S:.0f} s") from None


def _figure(rounds: Sequence[Sequence[float]], writes: Sequence[float]) -> Figure:
    medians = [1000 * statistics.median(delays) for delays in rounds]
    every = [1000 * delay for delays in rounds for delay in delays]
    return Figure(
        "change to visibility",
        "ms",
        statistics.median(medians),
        medians,
        f"from sending a PUT to node 1 until a watcher of node 2 has the new route; {len(every)} changes in turn",
        details={
            "p50": statistics.median(every),
            "p99": percentile(every, 0.99),
            "max": max(every),
            "writeP50": 1000 * statistics.median(writes),
        },
    )


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of all values does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * part) - 1)]
