import asyncio

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.core.namespace_settings import NamespaceSettings
from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

PATH = "/v1/settings"
DEFAULTS = NamespaceSettings().values()


async def test_settings_are_read_changed_and_taken_back(api: Api) -> None:
    fresh = await api.get(PATH)
    assert (fresh.status, fresh.json) == (200, DEFAULTS)
    changed = await api.call("PATCH", PATH, {"supportActingMaster": True, "remotingLeaseMs": 5000})
    assert changed.status == 200
    read = await api.get(PATH)
    assert read.json == DEFAULTS | {"supportActingMaster": True, "remotingLeaseMs": 5000}
    assert read.revision >= changed.json["revision"] == fresh.revision + 1
    back = await api.call("PATCH", PATH, {"supportActingMaster": None})
    assert back.json["revision"] == changed.json["revision"] + 1
    assert (await api.get(PATH)).json == DEFAULTS | {"remotingLeaseMs": 5000}
    await api.call("PATCH", PATH, {"remotingLeaseMs": None})
    assert (await api.get(PATH)).etag == fresh.etag


async def test_what_changes_nothing_names_the_revision_that_has_it(api: Api) -> None:
    assert (await api.call("PATCH", PATH, {})).json == {"revision": 0}
    changed = await api.call("PATCH", PATH, {"orderMessageEnable": True})
    assert changed.json["revision"] > 0
    await api.register("a")
    for body in ({}, {"orderMessageEnable": True}, {"supportActingMaster": None}):
        assert (await api.call("PATCH", PATH, body)).json == changed.json
    assert [item["kind"] for item in (await api.get("/v1/events")).json["items"]].count("settings") == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"supportActingMaster": "true"}, "supportActingMaster"),
        ({"supportActingMaster": 1}, "supportActingMaster"),
        ({"remotingLeaseMs": 999}, "remotingLeaseMs"),
        ({"remotingLeaseMs": 5000.5}, "remotingLeaseMs"),
        ({"remotingLeaseMs": True}, "remotingLeaseMs"),
        ({"listenPort": 9876}, "listenPort"),
        ({"revision": None}, "revision"),
    ],
)
async def test_one_error_and_nothing_changes(api: Api, body: dict[str, object], field: str) -> None:
    reply = await api.call("PATCH", PATH, {"orderMessageEnable": True} | body)
    assert (reply.status, reply.json["field"]) == (422, field)
    assert (await api.get(f"{PATH}?consistency=strong")).json == DEFAULTS


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null"])
async def test_bodies_that_are_no_object_of_json(api: Api, raw: bytes) -> None:
    assert (await api.call("PATCH", PATH, raw=raw)).status in (400, 422)
    assert (await api.call("PUT", PATH, {})).status == 405


async def test_a_change_is_waited_for(api: Api) -> None:
    etag = (await api.get(PATH)).etag
    assert (await api.get(PATH, If_None_Match=etag)).status == 304
    waiting = asyncio.create_task(api.get(PATH, If_None_Match=etag, Prefer="wait=20"))
    await api.get("/livez")  # the one before has been taken up by then
    assert not waiting.done()
    await api.call("PATCH", PATH, {"enableTopicList": False})
    async with asyncio.timeout(3):  # a waiting reader looks by itself only every five seconds
        assert (await waiting).json["enableTopicList"] is False


async def test_every_node_has_them_and_answers_by_them(
    api: Api, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    other = Api(http, (await node_factory(store_server.url)).http_address)
    await api.register("a", topics={"T": {}})
    await api.call("PUT", "/v1/kv/ORDER_TOPIC_CONFIG/T", {"value": "a:8"})
    assert "orderTopicConf" not in (await api.route("T")).json
    revision = (await api.call("PATCH", PATH, {"orderMessageEnable": True})).json["revision"]
    for node in (api, other):
        assert (await node.get(f"/v1/routes/T?minRevision={revision}")).json["orderTopicConf"] == "a:8"
    (mine, theirs) = [await node.get(PATH) for node in (api, other)]
    assert (mine.etag, mine.json["orderMessageEnable"]) == (theirs.etag, True)


async def test_what_another_release_wrote_does_no_harm(api: Api, namespace: str, store_server: StoreProcess) -> None:
    async with Redis.from_url(store_server.url) as client:
        key = f"nsr:{{{namespace}}}:settings"
        await client.hset(key, mapping={"fromTheFuture": "[1]", "remotingLeaseMs": "adaptive", "enableTopicList": "2"})
    await api.call("PATCH", PATH, {"orderMessageEnable": True})

    async def changed() -> bool:
        return bool((await api.get(PATH)).json["orderMessageEnable"])

    await eventually(changed)
    assert (await api.get(PATH)).json == DEFAULTS | {"orderMessageEnable": True}


async def test_the_document_describes_them(api: Api) -> None:
    document = (await api.get("/openapi.json")).json
    answer = document["components"]["schemas"]["SettingsAnswer"]
    assert answer["required"] == list(DEFAULTS)
    assert answer["properties"]["remotingLeaseMs"]["minimum"] == 1000
    assert set(document["paths"][PATH]) == {"get", "patch"}
