"""One of three nodes is cut off from Redis: it serves on, judges nobody, and is unready while its peers are well."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from http import HTTPStatus

import aiohttp

from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.tcp_proxy import TcpProxy

LEASE_MS = 10_000
"""The shortest that RocketMQ uses, that of acting masters. A broker that beats through such a node is unheard for some
seconds: two until the node knows, and two for each answer that it waits for."""


async def test_one_of_three_nodes_is_cut_off_then_all_are(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    store, loop = own_store(), asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        ways = [await stack.enter_async_context(TcpProxy(("127.0.0.1", store.port))) for _ in range(3)]
        nodes = [(await serve(f"redis://127.0.0.1:{way.port}/0"))[0] for way in ways]
        apis = [Api(http, node.http) for node in nodes]
        for api in apis:
            await eventually(partial(_knows_three, api))
        brokers = await stack.enter_async_context(LivingBrokers(nodes, http, lease_ms=LEASE_MS))
        await brokers.shown_by(apis)
        async with LookupLoad(nodes, brokers.routes) as load, LookupLoad(nodes[:1], brokers.routes, http=8) as asked:
            await load.steady()
            began = loop.time()
            ways[0].black_hole()
            await eventually(partial(_answers, apis[0], HTTPStatus.SERVICE_UNAVAILABLE), 10)
            unready_s = loop.time() - began
            await asked.steady()  # whoever still asks it is answered
            for api in apis[1:]:
                assert await _answers(api, HTTPStatus.OK)
            for way in ways[1:]:
                way.black_hole()
            began = loop.time()
            await eventually(partial(_answers, apis[0], HTTPStatus.OK), 10)
            ready_s = loop.time() - began
            for _ in range(10):
                for api in apis:
                    assert await _answers(api, HTTPStatus.OK)
                await asyncio.sleep(0.1)
            for way in ways:
                way.heal()
            recovery_s = await brokers.shown_by(apis)
            await load.steady()
        removed = await brokers.removed(apis)
        listings = {(await api.get("/v1/brokers?consistency=strong")).body for api in apis}
        figures.note(
            row=10,
            fault="One of three nodes is cut off, then all are; leases of 10 s",
            promises=(2, 3, 4, 7, 8),
            removed=removed,
            recovery_s=recovery_s,
            extra={
                "the node was unready after seconds": unready_s,
                "and ready again, once all were cut off, after seconds": ready_s,
                "share of right answers of that node": asked.share_right,
            },
            **load.figures() | {"staleness_s": max(load.largest_staleness_s, asked.largest_staleness_s)},
        )
    assert load.share_right == asked.share_right == 1, (load.counts, asked.counts)
    assert len(listings) == 1


async def _knows_three(api: Api) -> bool:
    return len((await api.get("/v1/nodes")).json["items"]) == 3


async def _answers(api: Api, status: int) -> bool:
    return (await api.get("/readyz")).status == status
