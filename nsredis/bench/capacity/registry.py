"""A namespace on a store without a node: what costs there is what a node asks of the store, and nothing else."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from redis.asyncio import Redis
from redis.driver_info import DriverInfo

from nsredis import __version__
from nsredis.core.brokers import Beat, DataVersion, Registered, Registration
from nsredis.core.observer import SilentObserver
from nsredis.core.queues import QueueData
from nsredis.registry import tables
from nsredis.registry.broker_store import BrokerStore, MergedTable, TableMoved
from nsredis.registry.keyspace import SCHEMA, Keyspace
from nsredis.registry.link import open_link
from nsredis.registry.runner import ScriptRunner, new_tag

NODE: Final = "bench-1"
CLUSTER: Final = "DefaultCluster"
AT_ONCE: Final = 64
LEASE_MS: Final = 3_600_000
"""Nobody expires meanwhile."""

WORDS: Final = ("order", "payment", "stock", "invoice", "basket", "refund", "customer", "shipping", "notice", "audit")
VERSION: Final = DataVersion(0, 1_700_000_000_000, 1)


@dataclass(frozen=True, slots=True)
class Body:
    """The topics of a registration: a TopicBody."""

    topics: Mapping[str, QueueData]
    digest: str

    def decode(self, known: Mapping[str, QueueData]) -> dict[str, QueueData]:
        """The topics, all of them."""
        return dict(self.topics)

    def mappings(self) -> dict[str, str]:
        """There are no static topics."""
        return {}


@dataclass(frozen=True, slots=True)
class Registry:
    """An open namespace of a store."""

    runner: ScriptRunner
    brokers: BrokerStore
    redis: Redis

    async def register(self, r: Registration, base: tables.Table | None = None) -> Registered:
        """Register as a node does that has the group's table, `base`, in its view and reads something new; without, the
        group is new, or the body is known."""
        outcome = await self.brokers.register(r, by="bench", table=_merged(base, r) if base is not None else None)
        if isinstance(outcome, TableMoved):
            outcome = await self.brokers.register(r, by="bench", table=_merged(tables.Table(), r))
        assert isinstance(outcome, Registered), "nobody else writes this table"
        return outcome

    async def register_all(self, registrations: Sequence[Registration]) -> list[Beat]:
        """Register many; their heartbeats."""
        beats: list[Beat] = []
        for at in range(0, len(registrations), AT_ONCE):
            some = registrations[at : at + AT_ONCE]
            done = await asyncio.gather(*(self.register(r) for r in some))
            beats += [Beat(r.cluster, r.name, r.id, one.epoch) for r, one in zip(some, done, strict=True)]
        return beats


@asynccontextmanager
async def open_registry(url: str, namespace: str) -> AsyncIterator[Registry]:
    """A fresh namespace. The store's scripts are loaded, and the connections made."""
    link = open_link(url, namespace)
    redis: Redis = Redis.from_url(url, driver_info=DriverInfo(lib_version=__version__))
    try:
        runner = ScriptRunner(link, Keyspace(namespace), SilentObserver())
        await runner.call("open", version=str(SCHEMA), tag=new_tag(), by=NODE, floor=0)
        yield Registry(runner, BrokerStore(runner, NODE), redis)
    finally:
        await redis.aclose()
        await link.close()


def _merged(base: tables.Table, r: Registration) -> MergedTable:
    assert r.topics is not None
    merged = tables.apply_body(base, r.topics.decode({}), r.topics.digest, replaces=r.replaces_table)
    return MergedTable(base, merged)


def registration(number: int, topics: Sequence[str] = ()) -> Registration:
    """The broker of that number, master of a group of its own."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:10911"
    r = Registration(CLUSTER, f"broker-{number:06}", 0, address, ha_address=address, lease_ms=LEASE_MS)
    return with_topics(r, dict.fromkeys(topics, QueueData())) if topics else r


def with_topics(r: Registration, topics: Mapping[str, QueueData], step: int = 0) -> Registration:
    """The same broker with these topics. `step`: how often they have changed."""
    version = DataVersion(VERSION.state_version, VERSION.timestamp + step, VERSION.counter + step)
    return replace(r, topics=Body(topics, f"{hash_of(topics, step):016x}"), data_version=version)


def hash_of(topics: Mapping[str, QueueData], step: int) -> int:
    """Stands for the digest of the body's bytes, which there are none of here."""
    return random.Random(f"{step} {len(topics)} {next(iter(topics))}").getrandbits(64)


def topic_names(count: int) -> list[str]:
    """Names as people give them, about 24 characters long, with six that nobody could guess: they resist packing."""
    chance = random.Random(7)
    return [
        f"{chance.choice(WORDS)}-{chance.choice(WORDS)}-{number % 100:02}-{chance.getrandbits(32):08x}"
        for number in range(count)
    ]
