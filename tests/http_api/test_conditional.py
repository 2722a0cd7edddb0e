import asyncio

import pytest
from aiohttp.test_utils import make_mocked_request

from nsredis.http_api.conditional import matches, wait_s
from tests.support.api import Api, Reply
from tests.support.eventually import eventually

CHANGES = {
    "/v1/routes/TopicA": "topics",
    "/v1/routes?topic=TopicA&topic=Other": "topics",
    "/v1/topics": "topic list",
    "/v1/clusters": "brokers",
    "/v1/brokers": "brokers",
    "/v1/brokers/c": "brokers",
    "/v1/brokers/c/a": "override",
    "/v1/brokers/c/a/0": "zone",
    "/v1/kv/ns": "kv",
    "/v1/kv/ns/key": "kv",
}


async def _change(api: Api, what: str) -> Reply:
    match what:
        case "topics":
            return await api.register("a", topics={"TopicA": {"perm": 4}})
        case "topic list":
            return await api.register("a", topics={"TopicA": {}, "TopicB": {}})
        case "brokers":
            return await api.register("b")
        case "override":
            return await api.call("PUT", "/v1/brokers/c/a/override", {"perm": 0})
        case "zone":
            return await api.register("a", zone="z")
        case _:
            return await api.call("PUT", "/v1/kv/ns/key", {"value": "2"})


@pytest.mark.parametrize("path", CHANGES)
async def test_who_has_the_body_waits_for_the_next_one(api: Api, path: str) -> None:
    await api.register("a")
    await api.call("PUT", "/v1/kv/ns/key", {"value": "1"})
    first = await api.get(path)
    assert first.status == 200
    unchanged = await api.get(path, If_None_Match=f'"other", {first.etag}')
    assert (unchanged.status, unchanged.body, unchanged.etag) == (304, b"", first.etag)
    waiting = asyncio.create_task(api.get(path, If_None_Match=first.etag, Prefer="wait=30"))
    await _is_waiting(api, waiting)
    assert (await _change(api, CHANGES[path])).status in (200, 201)
    changed = await waiting
    assert changed.status == 200
    assert changed.etag != first.etag
    assert changed.headers["Preference-Applied"] == "wait=30"
    assert changed.body == (await api.get(path)).body


@pytest.mark.parametrize("path", ["/v1/routes/TopicA", "/v1/brokers/c/a/0", "/v1/brokers/c", "/v1/kv/ns/key"])
async def test_what_is_not_there_can_be_waited_for(api: Api, path: str) -> None:
    absent = await api.get(path)
    assert (absent.status, absent.etag) == (404, '"absent"')
    assert (await api.get(path, If_None_Match='"absent"')).status == 304
    assert (await api.get(path, If_None_Match="*")).status == 404
    waiting = asyncio.create_task(api.get(path, If_None_Match='"absent"', Prefer="wait=30"))
    await _is_waiting(api, waiting)
    await api.register("a")
    await api.call("PUT", "/v1/kv/ns/key", {"value": "1"})
    assert (await waiting).status == 200
    assert (await api.get(path, If_None_Match="*")).status == 304


async def test_a_wait_ends_with_304_when_nothing_changes(api: Api) -> None:
    await api.register("a")
    etag = (await api.route("TopicA")).etag
    reply = await api.get("/v1/routes/TopicA", If_None_Match=etag, Prefer="wait=1")
    assert (reply.status, reply.headers["Preference-Applied"]) == (304, "wait=1")


async def test_who_has_another_body_does_not_wait(api: Api) -> None:
    await api.register("a")
    reply = await asyncio.wait_for(api.get("/v1/routes/TopicA", If_None_Match='"x"', Prefer="wait=60"), 5)
    assert reply.status == 200
    assert (await asyncio.wait_for(api.get("/v1/routes/TopicA", Prefer="wait=60"), 5)).status == 200


async def _is_waiting(api: Api, waiting: "asyncio.Task[Reply]") -> None:
    """Until the node has begun to answer it: other requests of the same connection pool are answered meanwhile."""

    async def others_are_answered() -> bool:
        assert not waiting.done()
        return (await api.get("/livez")).status == 200

    await eventually(others_are_answered)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [("wait=30", 30), ("respond-async, wait=5", 5), ("wait = 7", 7), ("wait=900", 60), ("wait=x", 0), ("await=3", 0)],
)
def test_the_preference(prefer: str, seconds: float) -> None:
    assert wait_s(make_mocked_request("GET", "/", headers={"Prefer": prefer})) == seconds


def test_etags_are_compared_as_http_says() -> None:
    def given(text: str) -> bool:
        return matches(make_mocked_request("GET", "/", headers={"If-None-Match": text}), '"abc"')

    assert given('"abc"')
    assert given('W/"abc"')
    assert given('"x" , "abc"')
    assert given("*")
    assert not given('"abcd"')
    assert not given("abc")
