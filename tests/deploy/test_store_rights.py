"""The Redis user that docs/operations.md gives is enough for a node, and says so for each thing a node does."""

import re
import shlex

import aiohttp
from redis.asyncio import Redis

from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.processes import CHECKOUT

DOCUMENT = CHECKOUT / "docs" / "operations.md"


async def test_a_node_lives_with_the_rights_of_the_documented_user(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store(config={"notify-keyspace-events": "Kx"})
    (command,) = re.findall(r"^ACL SETUSER .+$", DOCUMENT.read_text(), re.MULTILINE)
    words = shlex.split(command)
    async with Redis.from_url(store.url) as admin:
        assert await admin.execute_command(*words)  # type: ignore[no-untyped-call]
    password = next(word[1:] for word in words if word.startswith(">"))
    url = store.url.replace("redis://", f"redis://{words[2]}:{password}@")

    node = await node_factory(url, namespace="default")
    api = Api(http, node.http_address)
    assert (await api.register("b", leaseMs=1000)).status == 201
    assert (await api.beat("b")).status == 204
    assert (await api.call("PUT", "/v1/brokers/c/b/override", {"perm": 4})).status == 200
    assert (await api.call("PUT", "/v1/kv/space/key", {"value": "v"})).status == 201
    assert (await api.call("DELETE", "/v1/kv/space/key")).status == 204
    assert (await api.get("/v1/brokers?live=1")).json["items"][0]["leaseLeftMs"] > 0
    assert (await api.get("/v1/routes/TopicA?consistency=strong")).status == 200

    async def expired() -> bool:
        return (await api.states()) == {"b/0": "offline"}

    await eventually(expired, 5)
    metrics = (await api.get("/metrics")).body.decode()
    assert re.findall(r"^nsredis_store_failures_total.*", metrics, re.MULTILINE) == []
    # It may ask once whether it can switch notifications on itself, and what INFO says; nothing else was refused.
    async with Redis.from_url(store.url, decode_responses=True) as admin:
        refused = {entry["object"] for entry in await admin.acl_log()}
    assert refused <= {"config|get", "info"}
