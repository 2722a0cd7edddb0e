"""A suspect is shown as one, and nothing else of any answer changes."""

from functools import partial

import pytest

from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore


async def _gauge(api: Api, state: str) -> float:
    text = (await api.get("/metrics")).body.decode()
    (line,) = [line for line in text.splitlines() if line.startswith(f'nsredis_brokers{{state="{state}"}}')]
    return float(line.split()[1])


async def test_a_suspect_is_told_counted_and_still_served(api: Api, store: ScriptedStore) -> None:
    await api.register("a")
    await api.register("b")
    route, clusters = await api.route("TopicA"), await api.get("/v1/clusters")
    marked = await store.suspect(why="its connection closed; its port can be reached")
    suspect = await api.get(f"/v1/brokers/c/a/0?minRevision={marked}")
    assert suspect.json["state"] == "suspect"
    assert suspect.json["suspectSinceMs"] == (await store.last_change()).at_ms
    assert suspect.json["revision"] == marked
    assert await api.states() == {"a/0": "suspect", "b/0": "online"}
    live = (await api.get("/v1/brokers/c/a/0?live=1")).json
    assert live["lastBeatMs"] == int(await store.last_beat() or 0)
    assert (await _gauge(api, "online"), await _gauge(api, "suspect"), await _gauge(api, "offline")) == (1, 1, 0)
    after = await api.route("TopicA")
    assert (after.body, after.etag) == (route.body, route.etag)
    assert (await api.get("/v1/clusters")).etag == clusters.etag
    event = (await api.get(f"/v1/events?after={marked - 1}")).json["items"][0]
    assert (event["kind"], event["subjects"]) == ("suspect", ["broker:a/0"])
    assert event["why"] == "its connection closed; its port can be reached"


@pytest.mark.parametrize("how", ["beat", "register"])
async def test_a_sign_of_life_ends_it(api: Api, store: ScriptedStore, how: str) -> None:
    await api.register("a")
    marked = await store.suspect()
    assert (await api.get(f"/v1/brokers/c/a/0?minRevision={marked}")).json["state"] == "suspect"
    assert (await (api.beat("a") if how == "beat" else api.register("a"))).status in (200, 204)
    known = (await api.get(f"/v1/brokers/c/a/0?minRevision={marked + 1}")).json
    assert (known["state"], "suspectSinceMs" in known) == ("online", False)
    assert await _gauge(api, "suspect") == 0


async def test_who_watches_hears_of_it(api: Api, store: ScriptedStore) -> None:
    registered = await api.register("a")
    known = await api.get(f"/v1/brokers/c/a/0?minRevision={registered.json['revision']}")
    await store.suspect()
    changed = await api.get("/v1/brokers/c/a/0", If_None_Match=known.etag, Prefer="wait=30")
    assert (changed.status, changed.json["state"]) == (200, "suspect")


async def test_a_lost_broker_is_offline_for_that_reason(api: Api, store: ScriptedStore) -> None:
    epoch = (await api.register("a")).json["epoch"]
    await store.unregister(epoch=epoch, beat=await store.last_beat(), reason="connection-lost", by="n1")
    await eventually(partial(_is_offline, api))
    assert (await api.get("/v1/brokers/c/a/0")).json["reason"] == "connection-lost"
    assert (await api.route("TopicA")).status == 404
    text = (await api.get("/metrics")).body.decode()
    assert 'nsredis_removals_total{reason="connection-lost"} 1.0' in text


async def _is_offline(api: Api) -> bool:
    return await api.states() == {"a/0": "offline"}
