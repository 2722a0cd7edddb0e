"""A node that dies leaves nothing behind that others need."""

import aiohttp

from tests.scenarios.conftest import TwoProcesses
from tests.support.api import Api, Beating
from tests.support.flicker import Flicker
from tests.support.store_process import StoreProcess

NAMES = [f"broker-{i}" for i in range(5)]


async def test_kill_9_of_a_node_stops_nobody_and_a_restart_knows_everything(
    two_processes: TwoProcesses, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    victim, survivor = await two_processes(store_server.url)
    apis = [Api(http, victim.http), Api(http, survivor.http)]
    async with Beating(apis, NAMES, every_s=0.2, leaseMs=1500) as beating:
        async with Flicker([apis[1]], "TopicA", always=set(NAMES)) as flicker:
            before = await apis[1].route("TopicA")
            victim.kill9()
            failed_before = beating.failed
            victim.start()
            await victim.ready()
            first = await apis[0].route("TopicA")
        assert flicker.missing == {}
        assert first.status == 200
        assert (first.body, first.etag) == (before.body, before.etag)
        assert beating.failed >= failed_before
    assert beating.registered_again == 0
