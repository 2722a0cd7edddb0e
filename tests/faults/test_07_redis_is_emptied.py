"""Redis loses what it had: nodes serve on, and put it back."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.core.queues import QueueData
from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.writes import Writes
from tests.support.api import Api
from tests.support.store_process import StoreProcess

Loss = Callable[[StoreProcess], Awaitable[None]]


async def flushed(store: StoreProcess) -> None:
    async with Redis.from_url(store.url) as client:
        await client.flushall()


async def another_database(store: StoreProcess) -> None:
    async with Redis.from_url(store.url) as client:
        await client.swapdb(0, 1)


async def restarted_with_nothing(store: StoreProcess) -> None:
    store.kill9()
    (store.folder / "dump.rdb").unlink(missing_ok=True)
    await asyncio.sleep(0.2)
    store.start()


async def restarted_with_an_older_copy(store: StoreProcess) -> None:
    store.kill9()
    await asyncio.sleep(0.2)
    store.start()  # with what `_saved` had saved


LOSSES: dict[Loss, str] = {
    flushed: "FLUSHALL",
    another_database: "another, empty database in its place",
    restarted_with_nothing: "a restart without data",
    restarted_with_an_older_copy: "a restart with an older copy",
}


@pytest.mark.parametrize(
    "loss",
    [
        flushed,
        restarted_with_an_older_copy,
        pytest.param(another_database, marks=pytest.mark.slow),
        pytest.param(restarted_with_nothing, marks=pytest.mark.slow),
    ],
)
async def test_redis_loses_what_it_had(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, loss: Loss
) -> None:
    store = own_store()
    nodes = await serve(store.url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by(apis)
        await _saved(store)
        for name in sorted(brokers.names):
            assert await brokers.change(name, {f"Late-{name}": QueueData(4, 4)})
        await brokers.shown_by(apis)
        assert (await apis[0].call("PUT", "/v1/kv/ns/key", {"value": "kept"})).status == 201
        async with LookupLoad(nodes, brokers.routes) as load:
            async with Writes(apis) as writes:
                await load.steady()
            await loss(store)
            recovery_s = await brokers.shown_by(apis)
            await load.steady()
        await asyncio.sleep(3.5)  # a lease: who would be judged wrongly is gone by now
        lost = await writes.lost(apis[0]) + await brokers.lost(apis[1])
        figures.note(
            row=7,
            fault=LOSSES[loss],
            promises=(2, 7, 8),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            writes_lost=len(lost),
            extra={"keys acknowledged": len(writes.acknowledged), "brokers told to register": brokers.told_to_register},
            **load.figures(),
        )
        for api in apis:
            assert (await api.get("/v1/kv/ns/key?consistency=strong")).json["value"] == "kept"
    assert load.share_right == 1, load.counts
    assert lost == []
    assert recovery_s < 30


async def _saved(store: StoreProcess) -> None:
    async with Redis.from_url(store.url) as client:
        await client.save()
