"""Why a topic has its route, or none: every verdict from a real node."""

from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.explained import explained, standings
from tests.support.scripted_store import ScriptedStore

OVERRIDE = "/v1/brokers/c/a/override"


async def test_a_topic_that_is_well(api: Api) -> None:
    await api.register("a")
    await api.register("b", address="10.0.0.9:1")
    found = await explained(api, "TopicA")
    assert (found["verdict"], found["summary"]) == ("served", "TopicA has a route through a, b.")
    group = found["groups"][0]
    assert (group["registeredPerm"], group["servedPerm"], group["readable"], group["writable"]) == (6, 6, True, True)
    assert (group["standing"], "why" in group) == ("serving", False)
    assert [(broker["brokerId"], broker["state"]) for broker in group["brokers"]] == [(0, "online")]
    assert found["node"]["ready"] is True
    assert (found["node"]["staleMs"], found["node"]["storeReachable"]) == (0, True)


async def test_a_broker_that_stopped_beating_is_named_with_its_last_beat(api: Api) -> None:
    await api.register("a", leaseMs=1000)

    async def offline() -> bool:
        return bool((await api.get("/v1/explain/TopicA")).json["verdict"] == "offline")

    await eventually(offline)
    found = await explained(api, "TopicA")
    assert found["summary"] == "TopicA has no route: a: broker 0, its last, stopped beating."
    (broker,) = found["groups"][0]["brokers"]
    assert (broker["state"], broker["reason"], broker["by"]) == ("offline", "expired", "the-node")
    assert broker["offlineAtMs"] >= broker["lastBeatMs"] + 1000
    await api.register("a", leaseMs=60_000)
    assert (await explained(api, "TopicA"))["verdict"] == "served"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("unregistered", "was unregistered by somebody"),
        ("connection-lost", "closed its connection and its port refuses"),
    ],
)
async def test_other_ways_to_leave(api: Api, store: ScriptedStore, reason: str, words: str) -> None:
    epoch = (await api.register("a")).json["epoch"]
    revision = await store.unregister(epoch=epoch, reason=reason, by="somebody")
    found = await explained(api, "TopicA", f"?minRevision={revision}")
    assert found["verdict"] == "offline"
    assert found["summary"] == f"TopicA has no route: a: broker 0, its last, {words}."


async def test_a_suspect_serves_and_is_told_of(api: Api, store: ScriptedStore) -> None:
    await api.register("a")
    marked = await store.suspect(why="its connection closed; its port can be reached")
    found = await explained(api, "TopicA", f"?minRevision={marked}")
    assert found["verdict"] == "served"
    (broker,) = found["groups"][0]["brokers"]
    assert broker["state"] == "suspect"
    assert broker["suspectSinceMs"] > 0


async def test_brokers_that_the_brake_holds_are_told_of(api: Api) -> None:
    for name in "abc":
        await api.register(name, leaseMs=1000)

    async def held() -> Any:
        found = (await api.get("/v1/explain/TopicA")).json
        brokers = [broker for group in found["groups"] for broker in group["brokers"]]
        assert len([broker for broker in brokers if "heldSinceMs" in broker]) == 3
        return found

    found = await eventually(held)
    assert (found["verdict"], found["route"]) == ("partly-served", True)
    assert "a: broker 0 is silent, and the expiry brake keeps it in the route" in found["summary"]


async def test_a_group_that_is_not_in_the_route_is_told_of(api: Api) -> None:
    await api.register("a")
    await api.register("b", leaseMs=1000)

    async def partly() -> bool:
        return bool((await api.get("/v1/explain/TopicA")).json["verdict"] == "partly-served")

    await eventually(partly)
    found = await explained(api, "TopicA")
    assert standings(found) == {"a": "serving", "b": "offline"}
    assert found["summary"] == "TopicA has a route through a; b: broker 0, its last, stopped beating."


async def test_a_group_that_left_at_its_own_wish_is_no_trouble(api: Api) -> None:
    await api.register("a")
    await api.register("b")
    await api.call("DELETE", "/v1/brokers/c/b/0")
    found = await explained(api, "TopicA")
    assert found["verdict"] == "served"
    assert standings(found) == {"a": "serving", "b": "offline"}


async def test_an_override_makes_it_read_only(api: Api) -> None:
    await api.register("a")
    await api.call("PUT", OVERRIDE, {"perm": 4, "reason": "disk swap"})
    found = await explained(api, "TopicA")
    assert found["verdict"] == "read-only"
    assert found["summary"] == (
        "TopicA has a route through a, but nobody can write: "
        "a: an override by http 127.0.0.1 makes it read-only: disk swap."
    )
    group = found["groups"][0]
    assert (group["registeredPerm"], group["servedPerm"]) == (6, 4)
    assert (group["override"]["by"], group["override"]["reason"]) == ("http 127.0.0.1", "disk swap")
    assert (group["readable"], group["writable"]) == (True, False)


@pytest.mark.parametrize(("perm", "verdict"), [(2, "write-only"), (0, "no-permission")])
async def test_permissions_that_the_group_itself_registered(api: Api, perm: int, verdict: str) -> None:
    await api.register("a", topics={"T": {"perm": perm}})
    found = await explained(api, "T")
    assert found["verdict"] == verdict
    assert "a: it registered the topic" in found["summary"]
    assert found["groups"][0]["servedPerm"] == perm


@pytest.mark.parametrize(("acts", "served"), [(False, 6), (True, 4)])
async def test_without_a_master_nobody_writes(api: Api, *, acts: bool, served: int) -> None:
    for broker_id in (0, 1):
        await api.register("a", broker_id, enableActingMaster=acts)
    await api.call("DELETE", "/v1/brokers/c/a/0")
    found = await explained(api, "TopicA")
    assert found["verdict"] == "read-only"
    assert "a: it has no master: " in found["summary"]
    group = found["groups"][0]
    assert (group["servedPerm"], group["writable"]) == (served, False)
    assert [broker["state"] for broker in group["brokers"]] == ["offline", "online"]


async def test_a_zone_without_a_broker(api: Api) -> None:
    await api.register("a", zone="az1")
    found = await explained(api, "TopicA", "?zone=az2")
    assert (found["verdict"], found["zone"]) == ("other-zone", "az2")
    assert found["summary"] == "TopicA has no route for zone az2: a: its zone is az1."
    assert (await explained(api, "TopicA", "?zone=az1"))["verdict"] == "served"


async def test_a_node_without_a_view_says_so(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    store.kill9()
    api = Api(http, (await node_factory(store.url, wait=False)).http_address)

    async def says_why() -> Any:
        reply = await api.get("/v1/explain/TopicA")
        assert reply.status == 200
        assert "does not answer" in reply.json["summary"]
        return reply.json

    found = await eventually(says_why)
    assert (found["verdict"], found["route"]) == ("node-not-ready", False)
    assert (found["node"]["ready"], found["node"]["storeReachable"], found["node"]["revision"]) == (False, False, 0)
    assert "does not answer" in found["node"]["problem"]


async def test_a_node_that_lost_the_store_tells_how_old_its_answer_is(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    api = Api(http, (await node_factory(store.url)).http_address)
    await api.register("a", leaseMs=60_000)
    store.kill9()

    async def stale() -> bool:
        node = (await explained(api, "TopicA"))["node"]
        return node["staleMs"] > 0 and not node["storeReachable"]

    await eventually(stale, within_s=10)
    found = await explained(api, "TopicA")
    assert (found["verdict"], found["node"]["ready"]) == ("served", True)


@pytest.mark.parametrize("topic", ["%RETRY%group", "a|b", "a/b"])
async def test_any_name_can_be_asked_for(api: Api, topic: str) -> None:
    by_path = await api.get(f"/v1/explain/{quote(topic, safe='')}")
    by_parameter = await api.get(f"/v1/explain?topic={quote(topic, safe='')}")
    assert by_path.json["topic"] == by_parameter.json["topic"] == topic
    assert by_path.json["verdict"] == by_parameter.json["verdict"] == "never-registered"
    assert (await api.get("/v1/explain")).json["field"] == "topic"
