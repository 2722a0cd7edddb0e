"""How many commands the store runs for each thing that happens, and what travels for it. The same in every run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from nsredis.bench.capacity.registry import NODE, Registry, registration, topic_names, with_topics
from nsredis.core.node_info import NodeInfo
from nsredis.core.queues import QueueData
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.presence import Presence
from nsredis.registry.sweeper import MIN_PERIOD_S, Sweeper
from nsredis.registry.tables import Table

TIMES: Final = 20
TOPICS: Final = 100
SCRIPT: Final = "evalsha"
OURS: Final = frozenset({"info", "config|resetstat"})
"""Commands with which we look."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation takes: calls by command, those inside scripts included, and bytes to and from the store."""

    calls: dict[str, int]
    sent: float
    received: float

    @property
    def scripts(self) -> int:
        """Scripts that were called."""
        return self.calls.get(SCRIPT, 0)

    @property
    def commands(self) -> int:
        """All others: what the scripts did, and plain commands."""
        return sum(self.calls.values()) - self.scripts


async def count(redis: Redis, once: Callable[[int], Awaitable[object]]) -> Cost:
    """What `once` costs, which is called with 0 first, uncounted, and then with numbers from 1 on."""
    await once(0)
    before, looked = await _traffic(redis), await _traffic(redis)
    await redis.config_resetstat()
    start = await _traffic(redis)
    for number in range(1, TIMES + 1):
        await once(number)
    end = await _traffic(redis)
    stats = await redis.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): int(stat["calls"]) for name, stat in stats.items()}
    whole = {name: divmod(number, TIMES) for name, number in sorted(calls.items()) if name not in OURS}
    assert not any(rest for _, rest in whole.values()), f"not the same each time: {calls}"
    sent, received = (
        (now - then - (b - a)) / TIMES for now, then, a, b in zip(end, start, before, looked, strict=True)
    )
    return Cost({name: number for name, (number, _) in whole.items()}, sent, received)


async def _traffic(redis: Redis) -> tuple[int, int]:
    stats = await redis.info("stats")
    return int(stats["total_net_input_bytes"]), int(stats["total_net_output_bytes"])


async def count_operations(registry: Registry) -> dict[str, Cost]:
    """The cost of each operation by its name, in an empty namespace."""
    topics = topic_names(TOPICS)
    same = registration(1, topics)
    (beat,) = await registry.register_all([same])

    async def new(number: int) -> None:
        await registry.register(registration(100 + number, topics))

    async def leave(number: int) -> None:
        key = registration(100 + number).key
        await registry.brokers.unregister(key, same.cluster, epoch=None, address="", by=NODE)

    redis = registry.redis
    return {
        "heartbeat": await count(redis, lambda _: registry.brokers.beats([beat])),
        "registration, unchanged": await count(redis, lambda _: registry.register(same)),
        "registration, one topic changed": await _changed(registry, topics),
        "node: follows a change of one topic": await _followed(registry),
        "registration, new broker": await count(redis, new),
        "unregistration": await count(redis, leave),
        "node: says that it lives": await _alive(registry),
        "node: sweeps, nothing is due": await _swept(registry),
    }


async def _changed(registry: Registry, topics: list[str]) -> Cost:
    """A registration with another number of queues for one of its topics, at a node that knows the table."""
    table = dict.fromkeys(topics, QueueData())
    known = await registry.brokers.table(registration(1).name)

    async def change(number: int) -> None:
        nonlocal known
        table[topics[0]] = QueueData(10 + number, 8)
        done = await registry.register(with_topics(registration(1), table, 1 + number), known)
        known = Table(done.revision, dict(table))

    return await count(registry.redis, change)


async def _followed(registry: Registry) -> Cost:
    """The look of a node that lacks the last change. A woken node has also read the stream: one XREAD."""
    feed = ChangeFeed(registry.runner)
    revision, _ = await feed.head()
    stream, entry = registry.runner.keyspace.fixed["changes"], f"{revision - 1}-0"
    ((_, fields),) = await registry.runner.link.execute("XRANGE", stream, entry, entry)
    before = fields[b"tag"].decode()

    async def look(_: int) -> None:
        found = await feed.look(revision - 1, before)
        assert found.status == "changes", found.status

    return await count(registry.redis, look)


async def _alive(registry: Registry) -> Cost:
    """Once a second."""
    me = NodeInfo(NODE, "10.0.0.1:8080", "10.0.0.1:9876", True, 1, "", 0, "0", 1)  # noqa: FBT003 - it is ready
    presence = Presence(registry.runner, lambda: me, lambda _: None)
    return await count(registry.redis, lambda _: presence.announce())


async def _swept(registry: Registry) -> Cost:
    """Five or six times a second and node."""
    sweeper = Sweeper(registry.runner, NODE, lambda: 0.0)

    async def sweep(_: int) -> None:
        await asyncio.sleep(1.5 * MIN_PERIOD_S)  # an earlier one would return at once
        await sweeper.sweep()

    return await count(registry.redis, sweep)
