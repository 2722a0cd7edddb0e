"""The brake over HTTP, where nothing is held; what it holds is shown in tests/scenarios/test_brake.py."""

import asyncio

from tests.support.api import Api
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess


async def test_where_nobody_is_held_the_list_is_empty(api: Api) -> None:
    reply = await api.get("/v1/brake")
    assert (reply.status, reply.json) == (200, {"items": [], "next": None})
    again = await api.get("/v1/brake", If_None_Match=reply.etag)
    assert again.status == 304


async def test_a_cluster_where_it_is_not_engaged_has_nobody_to_let_go(api: Api) -> None:
    await api.register("a")
    reply = await api.call("POST", "/v1/brake/c/release")
    assert (reply.status, reply.json["code"]) == (404, "not-found")
    assert "not engaged in cluster c" in reply.json["detail"]


async def test_one_can_wait_for_it(api: Api, store_server: StoreProcess, namespace: str) -> None:
    for name in ("a", "b", "c"):
        await api.register(name, address="127.0.0.1:1", leaseMs=3_600_000)
    etag = (await api.get("/v1/brake")).etag
    waiting = asyncio.create_task(api.get("/v1/brake", If_None_Match=etag, Prefer="wait=20"))
    async with real_runner(store_server.url, namespace) as runner:
        await ScriptedStore(runner).lapse("a/0", "b/0", "c/0")
    reply = await waiting
    assert reply.status == 200
    (item,) = reply.json["items"]
    assert (item["cluster"], item["state"], item["heldCount"]) == ("c", "holding", 3)
    assert item["heldUntilMs"] - item["sinceMs"] == 30 * 60_000
