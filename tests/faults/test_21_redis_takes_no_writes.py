"""Redis is full, read-only, or cannot save: it answers reads and refuses writes. Nobody expires, writes are told."""

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
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.remoting import RemotingClient
from tests.support.store_process import StoreProcess

LEASE_MS = 1000
TWO_LEASES_S = 2.0

Turn = Callable[[StoreProcess, Redis], Awaitable[None]]


async def full(_: StoreProcess, client: Redis) -> None:
    await client.config_set("maxmemory-policy", "noeviction")
    await client.config_set("maxmemory", "1mb")


async def not_full(_: StoreProcess, client: Redis) -> None:
    await client.config_set("maxmemory", 0)


async def read_only(_: StoreProcess, client: Redis) -> None:
    await client.replicaof("127.0.0.1", free_port())  # where nobody is


async def primary(_: StoreProcess, client: Redis) -> None:
    await client.replicaof("NO", "ONE")


async def unsaved(store: StoreProcess, client: Redis) -> None:
    (store.folder / "dump.rdb").mkdir()  # no file can take its place
    await client.config_set("save", "3600 1000000")
    await client.bgsave()
    await eventually(lambda: _saved(client, "err"), what="the snapshot has failed")


async def saved(store: StoreProcess, client: Redis) -> None:
    (store.folder / "dump.rdb").rmdir()
    await client.bgsave()
    await eventually(lambda: _saved(client, "ok"), what="the snapshot is saved")


async def _saved(client: Redis, status: str) -> bool:
    about = await client.info("persistence")
    return (about["rdb_bgsave_in_progress"], about["rdb_last_bgsave_status"]) == (0, status)


TROUBLES: dict[str, tuple[Turn, Turn, str]] = {
    "Redis is out of memory": (full, not_full, "maxmemory"),
    "Redis is read-only": (read_only, primary, "replica"),
    "Redis cannot save, and so takes no writes": (unsaved, saved, "MISCONF"),
}


FIRST, *OTHERS = TROUBLES


@pytest.mark.parametrize("trouble", [FIRST, *(pytest.param(other, marks=pytest.mark.slow) for other in OTHERS)])
async def test_writes_are_refused(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, trouble: str
) -> None:
    begin, end, word = TROUBLES[trouble]
    store = own_store()
    nodes = await serve(store.url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with (
        LivingBrokers(nodes, http, every_s=0.3, lease_ms=LEASE_MS) as brokers,
        Redis.from_url(store.url) as client,
    ):
        await brokers.shown_by(apis)
        assert (await apis[0].call("PUT", "/v1/kv/ns/key", {"value": "kept"})).status == 201
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            await begin(store, client)
            refused = [await apis[0].register("late"), await apis[1].call("PUT", "/v1/kv/ns/key", {"value": "late"})]
            remoting = await RemotingClient.connect(nodes[0].remoting)
            told = await remoting.register("late", topics={"Late1": QueueData(), "Late2": QueueData()})
            await asyncio.sleep(TWO_LEASES_S)
            ready = [(await api.get("/readyz")).status for api in apis]
            await end(store, client)
            recovery_s = await brokers.shown_by(apis)
            await load.steady()
            await remoting.close()
        kept = (await apis[1].get("/v1/kv/ns/key?consistency=strong")).json["value"]
        figures.note(
            row=21,
            fault=trouble,
            promises=(4, 7, 8),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            writes_lost=int(kept != "kept"),
            extra={"beats refused": brokers.failures, "what a write is told": refused[0].json["detail"][:80]},
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert ready == [200, 200]
    assert kept == "kept"
    for reply in refused:
        assert (reply.status, reply.json["code"]) == (503, "store-unavailable"), reply
        assert word in reply.json["detail"]
    assert told.code == 1
    assert word in (told.remark or "")
