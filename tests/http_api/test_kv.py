import asyncio

import pytest

from tests.support.api import Api

KEY = "/v1/kv/ORDER_TOPIC_CONFIG/TopicA"


async def test_a_key_is_set_read_listed_and_deleted(api: Api) -> None:
    first = await api.call("PUT", KEY, {"value": "broker-a:4"})
    assert first.status == 201
    assert first.json == {
        "namespace": "ORDER_TOPIC_CONFIG",
        "key": "TopicA",
        "value": "broker-a:4",
        "revision": first.json["revision"],
    }
    read = await api.get(KEY)
    assert (read.body, read.etag) == (first.body, first.etag)
    assert (await api.get("/v1/kv/ORDER_TOPIC_CONFIG")).json == {"items": [first.json], "next": None}
    second = await api.call("PUT", KEY, {"value": "broker-a:8"})
    assert (second.status, second.json["revision"] > first.json["revision"]) == (200, True)
    same = await api.call("PUT", KEY, {"value": "broker-a:8"})
    assert (same.status, same.json) == (200, second.json)
    assert (await api.call("DELETE", KEY)).status == 204
    assert (await api.call("DELETE", KEY)).status == 204
    assert (await api.call("DELETE", KEY, headers={"If-Match": "*"})).status == 412
    assert (await api.call("DELETE", KEY, headers={"If-Match": second.etag})).status == 412
    assert (await api.get(KEY)).status == 404
    assert (await api.get("/v1/kv/ORDER_TOPIC_CONFIG")).status == 404


async def test_conditions(api: Api) -> None:
    assert (await api.call("PUT", KEY, {"value": "1"}, {"If-Match": "*"})).status == 412
    first = await api.call("PUT", KEY, {"value": "1"}, {"If-None-Match": "*"})
    assert first.status == 201
    assert (await api.call("PUT", KEY, {"value": "2"}, {"If-None-Match": "*"})).status == 412
    second = await api.call("PUT", KEY, {"value": "2"}, {"If-Match": first.etag})
    assert second.status == 200
    late = await api.call("PUT", KEY, {"value": "3"}, {"If-Match": first.etag})
    assert (late.status, late.json["code"]) == (412, "precondition-failed")
    assert (await api.call("DELETE", KEY, headers={"If-Match": first.etag})).status == 412
    assert (await api.get(KEY)).json["value"] == "2"
    assert (await api.call("DELETE", KEY, headers={"If-Match": second.etag})).status == 204


async def test_of_many_that_saw_the_same_one_wins(api: Api) -> None:
    etag = (await api.call("PUT", KEY, {"value": "start"})).etag
    replies = await asyncio.gather(*(api.call("PUT", KEY, {"value": str(i)}, {"If-Match": etag}) for i in range(10)))
    assert sorted(reply.status for reply in replies) == [200] + [412] * 9
    (winner,) = [reply.json["value"] for reply in replies if reply.status == 200]
    assert (await api.get(f"{KEY}?consistency=strong")).json["value"] == winner


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (KEY, {}, "value"),
        (KEY, {"value": 1}, "value"),
        (KEY, {"value": "x" * 65537}, "value"),
        (KEY, {"value": "x", "more": 1}, "more"),
        (f"/v1/kv/ns/{'k' * 1025}", {"value": "x"}, "key"),
    ],
)
async def test_rules(api: Api, path: str, body: dict[str, object], field: str) -> None:
    reply = await api.call("PUT", path, body)
    assert (reply.status, reply.json["field"]) == (422, field)


async def test_keys_may_have_any_characters(api: Api) -> None:
    assert (await api.call("PUT", "/v1/kv/n%2Fs%20%7B%7D/k%3A%25%C3%A9", {"value": "v \n é"})).status == 201
    assert (await api.get("/v1/kv/n%2Fs%20%7B%7D")).json["items"][0]["key"] == "k:%é"
    assert (await api.get("/v1/kv/n%2Fs%20%7B%7D/k%3A%25%C3%A9")).json["value"] == "v \n é"


async def test_namespaces_are_listed_in_pages_and_waited_for(api: Api) -> None:
    empty = await api.get("/v1/kv")
    assert (empty.status, empty.json) == (200, {"items": [], "next": None})
    waiting = asyncio.create_task(api.get("/v1/kv", If_None_Match=empty.etag, Prefer="wait=20"))
    await api.get("/livez")  # the one before has been taken up by then
    for namespace in ("b", "n%2Fs", "a"):
        await api.call("PUT", f"/v1/kv/{namespace}/k", {"value": "1"})
    async with asyncio.timeout(3):  # a waiting reader looks by itself only every five seconds
        assert (await waiting).json["items"]
    first = (await api.get("/v1/kv?limit=2")).json
    assert first["items"] == ["a", "b"]
    assert (await api.get(f"/v1/kv?limit=2&cursor={first['next']}")).json == {"items": ["n/s"], "next": None}
    await api.call("DELETE", "/v1/kv/b/k")
    assert (await api.get("/v1/kv")).json["items"] == ["a", "n/s"]
