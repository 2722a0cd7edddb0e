"""Bytes in the store, by the kind of key, for each broker and for each topic that a broker has."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from redis.asyncio import Redis

from nsredis.bench.capacity.registry import Registry, registration, topic_names
from nsredis.core.brokers import Beat

COPIES: Final = 2
"""Brokers that each topic is on."""

TABLE: Final = 10_000
"""Topics of a broker, as RocketMQ has it."""

AT_ONCE: Final = 1000
STREAM: Final = "changes"
STREAM_ENTRIES: Final = 10_000
"""What the scripts keep of it, more or less."""


async def fill(registry: Registry, brokers: int, topics_each: int) -> list[Beat]:
    """Brokers with topics of their own, in groups of their own; their heartbeats."""
    names = topic_names(brokers * topics_each)
    return await fill_tables(registry, [names[i * topics_each : (i + 1) * topics_each] for i in range(brokers)])


async def fill_tables(registry: Registry, tables: Sequence[Sequence[str]]) -> list[Beat]:
    """A broker for each table of topics, in a group of its own; their heartbeats."""
    return await registry.register_all([registration(number, table) for number, table in enumerate(tables)])


def shared_tables(topics: int) -> list[list[str]]:
    """So many topics as tables: each topic is in two of them, and each has about 10,000."""
    count = max(COPIES, math.ceil(topics * COPIES / TABLE))
    tables: list[list[str]] = [[] for _ in range(count)]
    for number, topic in enumerate(topic_names(topics)):
        for copy in range(COPIES):
            tables[(number + copy) % count].append(topic)
    return tables


async def bytes_by_kind(registry: Registry) -> dict[str, int]:
    """What the keys of the namespace take, by MEMORY USAGE, summed up by the first part of their names."""
    redis, prefix = registry.redis, registry.runner.keyspace.prefix
    found: Counter[str] = Counter()
    batch: list[bytes] = []
    async for key in redis.scan_iter(match=f"{prefix.replace('{', '?').replace('}', '?')}*", count=AT_ONCE):
        batch.append(key)
        if len(batch) == AT_ONCE:
            found += await _usage(redis, prefix, batch)
            batch = []
    return dict(found + await _usage(redis, prefix, batch))


async def _usage(redis: Redis, prefix: str, keys: Sequence[bytes]) -> Counter[str]:
    async with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.memory_usage(key, samples=0)
        sizes = await pipeline.execute()
    found: Counter[str] = Counter()
    for key, size in zip(keys, sizes, strict=True):
        found[key.decode().removeprefix(prefix).partition(":")[0]] += size or 0
    return found


async def used_bytes(redis: Redis) -> int:
    """All memory that the store has in use, its own tables for keys and expiries with it."""
    return int((await redis.info("memory"))["used_memory"])


def without_stream(kinds: Mapping[str, int]) -> int:
    """What grows with brokers and topics: all but the changes, of which there are only so many."""
    return sum(size for kind, size in kinds.items() if kind != STREAM)
