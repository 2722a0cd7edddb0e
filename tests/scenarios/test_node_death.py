"""A node that dies leaves nothing behind that others need."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.api import Api, Beating
from tests.support.flicker import Flicker
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess

NAMES = [f"broker-{i}" for i in range(5)]


@pytest.fixture
async def pair(
    store_server: StoreProcess, namespace: str, tmp_path: Path
) -> AsyncIterator[tuple[ServeProcess, ServeProcess]]:
    """Two nodes, each a process of its own."""
    nodes = [
        ServeProcess(tmp_path, "--redis", store_server.url, "--namespace", namespace, "--settle-ms", "0")
        for _ in range(2)
    ]
    for node in nodes:
        node.start()
    for node in nodes:
        await node.ready()
    yield nodes[0], nodes[1]
    for node in nodes:
        node.kill9()


async def test_kill_9_of_a_node_stops_nobody_and_a_restart_knows_everything(
    pair: tuple[ServeProcess, ServeProcess], http: aiohttp.ClientSession
) -> None:
    victim, survivor = pair
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
