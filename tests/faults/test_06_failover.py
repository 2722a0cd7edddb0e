"""Redis fails over and loses what it acknowledged: nodes put it back, and routes change again within seconds."""

import re
import time
from functools import partial
from pathlib import Path

import aiohttp

from nsredis.core.queues import QueueData
from nsredis.registry.server_binary import ServerBinary
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.writes import Writes
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.sentinel_group import SentinelGroup

GOAL_S = 5.0
"""From the death of the primary to routes that change again on all nodes, at down-after 1 s."""


async def test_a_primary_dies_whose_last_writes_no_replica_has(
    server_binary: ServerBinary, tmp_path: Path, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    async with SentinelGroup(tmp_path, server_binary) as group:
        nodes = await serve(group.url, 2)
        apis = [Api(http, node.http) for node in nodes]
        async with LivingBrokers(nodes, http) as brokers:
            await brokers.shown_by(apis)
            async with LookupLoad(nodes, brokers.routes) as load, Writes(apis) as writes:
                await load.steady()
                await group.cut_replication()
                for name in sorted(brokers.names):
                    assert await brokers.change(name, {f"Late-{name}": QueueData(4, 4)})
                since = len(writes.acknowledged)
                await eventually(lambda: len(writes.acknowledged) > since + 50)
                group.primary.kill9()
                converged_s = await _converged(apis, time.monotonic())
                recovery_s = converged_s + await brokers.shown_by(apis)
                await load.steady()
            lost_kv = await writes.lost(apis[0])
            lost_tables = await brokers.lost(apis[1])
            events = [event["kind"] for event in (await apis[0].get("/v1/events?limit=10000")).json["items"]]
            restored = sum([await _metric(api, "nsredis_restored_rows_total") for api in apis])
            figures.note(
                row=6,
                fault="the primary dies, and the replica had heard nothing for a while",
                promises=(2, 4, 7, 8),
                removed=await brokers.removed(apis),
                recovery_s=recovery_s,
                writes_lost=len(lost_kv) + len(lost_tables),
                extra={
                    "seconds from death to a new route on all nodes": converged_s,
                    "keys acknowledged": len(writes.acknowledged),
                    "keys lost": len(lost_kv),
                    "topics of registrations lost": len(lost_tables),
                    "rows put back": restored,
                },
                **load.figures(),
            )
        assert load.share_right == 1, load.counts
        assert converged_s < GOAL_S + load.stalled_s
        assert "restore" in events
        assert restored > 0
        assert (lost_kv, lost_tables) == ([], [])


async def _converged(apis: list[Api], began: float) -> float:
    """Register a new broker as soon as that goes, and wait until all nodes route it; seconds since `began`."""

    async def written() -> bool:
        return (await apis[0].register("new", topics={"New": {}}, leaseMs=60_000)).status == 201

    await eventually(written, 20, what="a write is acknowledged")
    for api in apis:
        await eventually(partial(api.brokers_of, "New"), 20, what="the node has the route")
    return time.monotonic() - began


async def _metric(api: Api, name: str) -> float:
    text = (await api.get("/metrics")).body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE))
