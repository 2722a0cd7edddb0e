"""A store that has no memory left: it answers, and refuses every write."""

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually


async def test_that_it_takes_no_writes_is_told_and_when_it_is_over(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    store = own_store()
    node = Api(http, (await node_factory(store.url)).http_address)
    assert (await node.register("a")).status == 201

    async def writable(value: int) -> bool:
        return f"nsredis_store_writable {value}.0" in (await node.get("/metrics")).body.decode()

    await eventually(lambda: writable(1))
    async with Redis.from_url(store.url) as client:
        await client.config_set("maxmemory", "100kb")
        await eventually(lambda: "the store takes no writes: OOM" in caplog.text)
        await eventually(lambda: writable(0))
        assert (await node.register("b")).status == 503
        assert (await node.get("/readyz")).status == 200
        assert (await node.get("/v1/routes/TopicA")).status == 200
        await client.config_set("maxmemory", "0")
    await eventually(lambda: "the store takes writes again" in caplog.text)
    await eventually(lambda: writable(1))
    assert (await node.register("b")).status == 201
    assert caplog.text.count("the store takes no writes") == 1
    assert "refuses what is needed" not in caplog.text
