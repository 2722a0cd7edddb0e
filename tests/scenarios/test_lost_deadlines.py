"""Whatever happened to the list of deadlines: a broker that fell silent goes."""

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.core.errors import StoreUnavailable
from nsredis.registry import lease_audit
from nsredis.registry.keyspace import Keyspace
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner


@pytest.mark.parametrize("denied", ["sadd", "del", "pexpire"])
async def test_a_registration_that_broke_off_leaves_nothing_that_never_expires(
    own_store: OwnStore, namespace: str, denied: str
) -> None:
    server = own_store()
    async with real_runner(server.url, namespace) as runner:
        admin = ScriptedStore(runner)
        await admin.open()
        await admin.sweep()
        await runner.link.execute("ACL", "SETUSER", "partial", "on", ">x", "~*", "&*", "+@all", f"-{denied}")
        async with real_runner(server.url.replace("//", "//partial:x@"), namespace) as partial:
            with pytest.raises(StoreUnavailable):
                await ScriptedStore(partial).register()
        assert await admin.deadline("broker:a/0") is not None
        await admin.lapse("a/0")
        await admin.sweep()
        assert await admin.row("broker:a/0") == {}
        assert await admin.deadline("broker:a/0") is None
        await admin.register()  # and nothing is in the way of the next one
        assert await admin.row("broker:a/0") != {}


async def test_silent_brokers_go_although_the_list_was_deleted(
    own_store: OwnStore,
    namespace: str,
    node_factory: NodeFactory,
    http: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(lease_audit, "EVERY_S", 1.0)
    store = own_store()
    node = Api(http, (await node_factory(store.url)).http_address)
    for name in ("a", "b"):
        assert (await node.register(name, leaseMs=1000)).status == 201
    async with Redis.from_url(store.url) as client:
        await client.delete(Keyspace(namespace).fixed["leases"])

    async def all_gone() -> bool:
        return await node.states() == {"a/0": "offline", "b/0": "offline"}

    await eventually(all_gone, 10)
    assert caplog.text.count("2 brokers had no deadline in the store") == 1
    assert "nsredis_deadlines_lost_total 2.0" in (await node.get("/metrics")).body.decode()
