"""Redis answers a second late, or hardly: look-ups do not notice, writes are answered in bounded time."""

import asyncio
from http import HTTPStatus

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.memory import resident_mib
from tests.faults.writes import Writes
from tests.support.api import Api
from tests.support.tcp_proxy import TcpProxy

WRITERS = 300
BOUND_S = 3.0
"""A write waits two seconds for Redis at most; the rest is for whoever stands before it in the machine."""


async def test_redis_is_a_second_late(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    store = own_store()
    async with TcpProxy(("127.0.0.1", store.port)) as way:
        nodes = await serve(f"redis://127.0.0.1:{way.port}/0", 2)
        apis = [Api(http, node.http) for node in nodes]
        async with LivingBrokers(nodes, http, lease_ms=6000) as brokers:
            await brokers.shown_by(apis)
            async with LookupLoad(nodes, brokers.routes) as load:
                await load.steady()
                before = [resident_mib(node.process.pid) for node in nodes]
                way.delay_s = 0.5  # there, and as much back
                async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as many:
                    writers = [Api(many, node.http) for node in nodes]
                    took = await asyncio.gather(*(_write(writers[n % 2], n) for n in range(WRITERS)))
                await load.steady(rounds=30)
                after = [resident_mib(node.process.pid) for node in nodes]
                way.delay_s = 0.0
                recovery_s = await brokers.shown_by(apis)
                await load.steady()
            figures.note(
                row=8,
                fault="Redis answers a second late",
                promises=(4, 7, 8),
                removed=await brokers.removed(apis),
                recovery_s=recovery_s,
                extra={
                    "writes at once": WRITERS,
                    "of these acknowledged": sum(status in (200, 201) for status, _ in took),
                    "slowest answer to a write in seconds": max(seconds for _, seconds in took),
                    "most memory taken by a node meanwhile in MiB": max(
                        b - a for a, b in zip(before, after, strict=True)
                    ),
                    "beats acknowledged": brokers.beats,
                    "beats refused": brokers.failures,
                },
                **load.figures(),
            )
    assert load.share_right == 1, load.counts
    assert {status for status, _ in took} <= {HTTPStatus.CREATED, HTTPStatus.SERVICE_UNAVAILABLE}
    assert max(seconds for _, seconds in took) < BOUND_S + load.stalled_s


async def _write(api: Api, number: int) -> tuple[int, float]:
    began = asyncio.get_running_loop().time()
    reply = await api.call("PUT", f"/v1/kv/slow/k{number}", {"value": "v"})
    return reply.status, asyncio.get_running_loop().time() - began


@pytest.mark.slow
async def test_redis_pauses_again_and_again(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    store = own_store()
    nodes = await serve(store.url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers, Redis.from_url(store.url) as client:
        await brokers.shown_by(apis)
        async with LookupLoad(nodes, brokers.routes) as load, Writes(apis) as writes:
            for _ in range(4):
                await client.client_pause(1000)
                await load.steady(rounds=13)
            recovery_s = await brokers.shown_by(apis)
        figures.note(
            row=8,
            fault="Redis pauses for a second, four times in five",
            promises=(4, 7, 8),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            writes_lost=len(await writes.lost(apis[0])),
            extra={
                "writes acknowledged": len(writes.acknowledged),
                "writes refused": writes.refused,
                "slowest answer to a write in seconds": writes.longest_s,
            },
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert writes.longest_s < BOUND_S + load.stalled_s
