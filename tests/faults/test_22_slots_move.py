"""A Redis Cluster: the namespace's slot moves to another member under load, and later a member without it is killed."""

import asyncio
from pathlib import Path

import aiohttp

from nsredis.registry.keyspace import Keyspace
from nsredis.registry.server_binary import ServerBinary
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.writes import Writes
from tests.support.api import Api
from tests.support.cluster_store import ClusterStore

PARTLY = {"cluster-require-full-coverage": "no"}
"""A member that is down takes nobody along but its own slots."""


async def test_the_slot_moves_and_another_member_dies(
    tmp_path: Path,
    server_binary: ServerBinary,
    serve: Serve,
    http: aiohttp.ClientSession,
    figures: Figures,
    namespace: str,
) -> None:
    loop = asyncio.get_running_loop()
    async with ClusterStore(tmp_path, server_binary, replicas=0, config=PARTLY) as store:
        nodes = await serve(store.url, 2)
        apis = [Api(http, node.http) for node in nodes]
        key = Keyspace(namespace).fixed["schema"]
        async with LivingBrokers(nodes, http) as brokers:
            await brokers.shown_by(apis)
            old = await store.owner(key)
            new, third = [member for member in store.stores if member is not old]
            async with LookupLoad(nodes, brokers.routes) as load, Writes(apis) as writes:
                await load.steady()
                began = loop.time()
                await store.move(key, old, new)
                moved_s = loop.time() - began
                recovery_s = await brokers.shown_by(apis)
                await load.steady()
            lost = await writes.lost(apis[0]) + await brokers.lost(apis[1])
            figures.note(
                row=22,
                fault="The namespace's slot moves to another member",
                promises=(2, 4, 7, 8),
                removed=await brokers.removed(apis),
                recovery_s=recovery_s,
                writes_lost=len(lost),
                extra={
                    "the move took seconds": moved_s,
                    "writes acknowledged": len(writes.acknowledged),
                    "writes refused": writes.refused,
                    "slowest answer to a write in seconds": writes.longest_s,
                },
                **load.figures(),
            )
            assert (load.share_right, lost) == (1, []), load.counts
            async with LookupLoad(nodes, brokers.routes) as load, Writes(apis) as writes:
                await load.steady()
                third.kill9()
                await asyncio.sleep(2)  # the others call it failed after one
                recovery_s = await brokers.shown_by(apis)
                await load.steady()
            lost = await writes.lost(apis[0]) + await brokers.lost(apis[1])
            figures.note(
                row=22,
                fault="A member that has other slots is killed",
                promises=(4, 7, 8),
                removed=await brokers.removed(apis),
                recovery_s=recovery_s,
                writes_lost=len(lost),
                extra={"writes acknowledged": len(writes.acknowledged), "writes refused": writes.refused},
                **load.figures(),
            )
    assert (load.share_right, lost) == (1, []), load.counts
    assert writes.refused == 0
