"""The clock of Redis or of a node jumps by an hour: nobody who lives is removed, and who is dead still goes in time."""

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.registry.keyspace import Keyspace
from tests.conftest import OwnStore
from tests.faults import deaths
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.movable_clock import MovableClock, NoCompiler, compiled

HOUR_S = 3600
LEASE_MS = 3000
JUMPS = {HOUR_S: "an hour ahead", -HOUR_S: "an hour back"}


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[MovableClock]:
    try:
        yield MovableClock(compiled(tmp_path), tmp_path)
    except NoCompiler as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("jump_s", JUMPS)
async def test_the_clock_of_redis_jumps(
    clock: MovableClock,
    own_store: OwnStore,
    serve: Serve,
    http: aiohttp.ClientSession,
    figures: Figures,
    namespace: str,
    jump_s: int,
) -> None:
    with clock.worn():
        store = own_store()
    nodes = await serve(store.url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http, lease_ms=LEASE_MS) as brokers, Redis.from_url(store.url) as client:
        await brokers.shown_by(apis)
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            await deaths.register(apis[0], "victim-before", LEASE_MS)
            before_s, _ = await client.time()
            clock.jump_to(jump_s)
            jumped_at = asyncio.get_running_loop().time()
            if (await client.time())[0] - before_s not in range(jump_s, jump_s + 60):
                pytest.skip("this server does not take its time from the C library")
            if jump_s < 0:
                await eventually(partial(_none_is_far, client, Keyspace(namespace)), what="deadlines are pulled in")
            await deaths.silent_ms(apis[1], "victim-before")
            gone_s = asyncio.get_running_loop().time() - jumped_at
            await deaths.register(apis[0], "victim-after")
            silent_ms = await deaths.silent_ms(apis[1], "victim-after")
            recovery_s = await brokers.shown_by(apis)
        figures.note(
            row=11,
            fault=f"The clock of Redis jumps {JUMPS[jump_s]}",
            promises=(4, 5, 7),
            removed=deaths.alive(await brokers.removed(apis)),
            recovery_s=recovery_s,
            extra={
                "one that had died before, with a lease of 3 s, was gone after seconds": gone_s,
                "one that died later went, after its lease, in ms": silent_ms - deaths.LEASE_MS,
            },
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert gone_s <= (LEASE_MS + deaths.PROMISE_MS) / 1000 + 0.3 + load.stalled_s  # one lease from the jump
    assert deaths.LEASE_MS <= silent_ms <= deaths.LEASE_MS + deaths.PROMISE_MS + load.stalled_s * 1000


async def _none_is_far(client: Redis, keyspace: Keyspace) -> bool:
    """No broker's deadline is further than one lease away."""
    seconds, micros = await client.time()
    now_ms = int(seconds) * 1000 + int(micros) // 1000
    deadlines: Any = await client.zrange(keyspace.fixed["leases"], 0, -1, withscores=True)
    return all(score <= now_ms + LEASE_MS for member, score in deadlines if member.startswith(b"broker:"))


@pytest.mark.slow
async def test_the_clock_of_a_node_jumps(
    clock: MovableClock, own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    store = own_store()
    with clock.worn():
        nodes = await serve(store.url, 1)
    nodes += await serve(store.url, 1)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by(apis)
        async with LookupLoad(nodes, brokers.routes) as load:
            silent_ms = []
            for number, jump_s in enumerate((HOUR_S, -HOUR_S)):
                await load.steady()
                clock.jump_to(jump_s)
                silent_ms += await deaths.one_after_another(apis, 2, 0.2, f"victim-{number}")
            recovery_s = await brokers.shown_by(apis)
        figures.note(
            row=11,
            fault="The clock of one of two nodes jumps an hour ahead, then two back",
            promises=(4, 5, 7),
            removed=deaths.alive(await brokers.removed(apis)),
            recovery_s=recovery_s,
            extra={"a dead broker went at the latest, after its lease, in ms": max(silent_ms) - deaths.LEASE_MS},
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert min(silent_ms) >= deaths.LEASE_MS
    assert max(silent_ms) <= deaths.LEASE_MS + deaths.PROMISE_MS + load.stalled_s * 1000
