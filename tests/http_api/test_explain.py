"""Why a topic has its route, or none: every verdict from a real node."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess

OVERRIDE = "/v1/brokers/c/a/override"


@pytest.fixture
async def store(store_server: StoreProcess, namespace: str) -> AsyncIterator[ScriptedStore]:
    """The node's own namespace."""
    async with real_runner(store_server.url, namespace) as runner:
        yield ScriptedStore(runner)


async def _explain(api: Api, topic: str, query: str = "") -> Any:
    reply = await api.get(f"/v1/explain/{quote(topic, safe='')}{query}")
    assert reply.status == 200, reply
    routed = (await api.get(f"/v1/routes/{quote(topic, safe='')}{query}")).status == 200
    assert reply.json["route"] is routed
    return reply.json


def _standings(found: Any) -> dict[str, str]:
    return {group["brokerName"]: group["standing"] for group in found["groups"]}


async def test_a_topic_that_is_well(api: Api) -> None:
    await api.register("a")
    await api.register("b", address="10.0.0.9:1")
    found = await _explain(api, "TopicA")
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
    found = await _explain(api, "TopicA")
    assert found["summary"] == "TopicA has no route: a: broker 0, its last, stopped beating."
    (broker,) = found["groups"][0]["brokers"]
    assert (broker["state"], broker["reason"], broker["by"]) == ("offline", "expired", "the-node")
    assert broker["offlineAtMs"] >= broker["lastBeatMs"] + 1000
    await api.register("a", leaseMs=60_000)
    assert (await _explain(api, "TopicA"))["verdict"] == "served"


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
    found = await _explain(api, "TopicA", f"?minRevision={revision}")
    assert found["verdict"] == "offline"
    assert found["summary"] == f"TopicA has no route: a: broker 0, its last, {words}."


async def test_a_suspect_serves_and_is_told_of(api: Api, store: ScriptedStore) -> None:
    await api.register("a")
    marked = await store.suspect(why="its connection closed; its port can be reached")
    found = await _explain(api, "TopicA", f"?minRevision={marked}")
    assert found["verdict"] == "served"
    (broker,) = found["groups"][0]["brokers"]
    assert broker["state"] == "suspect"
    assert broker["suspectSinceMs"] > 0


async def test_a_group_that_is_not_in_the_route_is_told_of(api: Api) -> None:
    await api.register("a")
    await api.register("b", leaseMs=1000)

    async def partly() -> bool:
        return bool((await api.get("/v1/explain/TopicA")).json["verdict"] == "partly-served")

    await eventually(partly)
    found = await _explain(api, "TopicA")
    assert _standings(found) == {"a": "serving", "b": "offline"}
    assert found["summary"] == "TopicA has a route through a; b: broker 0, its last, stopped beating."


async def test_a_group_that_left_at_its_own_wish_is_no_trouble(api: Api) -> None:
    await api.register("a")
    await api.register("b")
    await api.call("DELETE", "/v1/brokers/c/b/0")
    found = await _explain(api, "TopicA")
    assert found["verdict"] == "served"
    assert _standings(found) == {"a": "serving", "b": "offline"}


async def test_an_override_makes_it_read_only(api: Api) -> None:
    await api.register("a")
    await api.call("PUT", OVERRIDE, {"perm": 4, "reason": "disk swap"})
    found = await _explain(api, "TopicA")
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
    found = await _explain(api, "T")
    assert found["verdict"] == verdict
    assert "a: it registered the topic" in found["summary"]
    assert found["groups"][0]["servedPerm"] == perm


@pytest.mark.parametrize(("acts", "served"), [(False, 6), (True, 4)])
async def test_without_a_master_nobody_writes(api: Api, *, acts: bool, served: int) -> None:
    for broker_id in (0, 1):
        await api.register("a", broker_id, enableActingMaster=acts)
    await api.call("DELETE", "/v1/brokers/c/a/0")
    found = await _explain(api, "TopicA")
    assert found["verdict"] == "read-only"
    assert "a: it has no master: " in found["summary"]
    group = found["groups"][0]
    assert (group["servedPerm"], group["writable"]) == (served, False)
    assert [broker["state"] for broker in group["brokers"]] == ["offline", "online"]


async def test_a_zone_without_a_broker(api: Api) -> None:
    await api.register("a", zone="az1")
    found = await _explain(api, "TopicA", "?zone=az2")
    assert (found["verdict"], found["zone"]) == ("other-zone", "az2")
    assert found["summary"] == "TopicA has no route for zone az2: a: its zone is az1."
    assert (await _explain(api, "TopicA", "?zone=az1"))["verdict"] == "served"


async def test_a_topic_that_an_operator_deleted(api: Api) -> None:
    version = {"stateVersion": 0, "timestamp": 17, "counter": 1}
    await api.register("a", dataVersion=version, topics={"T": {}, "Other": {}})
    await api.register("b", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.register("a", dataVersion=version, topics={"T": {}, "Other": {}})
    found = await _explain(api, "T")
    assert found["verdict"] == "deleted"
    assert _standings(found) == {"a": "deleted", "b": "deleted"}
    deletion = found["groups"][0]["deletion"]
    assert (deletion["by"], deletion["held"], deletion["heldUnder"]) == ("http 127.0.0.1", True, "0/17/1")
    (change,) = found["changes"]
    assert (change["kind"], change["revision"]) == ("delete-topic", deletion["revision"])
    assert change["atMs"] == deletion["atMs"]
    assert "under another data version than 0/17/1" in found["summary"]
    body_held = found["groups"][1]["deletion"]
    assert (body_held["held"], "heldUnder" in body_held) == (True, False)
    await api.register("a", dataVersion={**version, "counter": 2}, topics={"T": {}, "Other": {}})
    assert (await _explain(api, "T"))["verdict"] == "partly-served"


async def test_a_deleted_topic_of_a_group_that_came_back_without_it(api: Api) -> None:
    await api.register("a", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.register("a", topics={"Other": {}})
    assert (await _explain(api, "T"))["groups"][0]["deletion"]["held"] is True
    await api.call("DELETE", "/v1/brokers/c/a/0")
    assert (await _explain(api, "T"))["verdict"] == "deleted"
    await api.register("a", topics={"Other": {}})
    found = await _explain(api, "T")
    assert (found["verdict"], found["groups"][0]["deletion"]["held"]) == ("deleted", False)
    assert found["summary"].endswith("it comes back when the group registers it.")


async def test_a_topic_that_its_group_no_longer_lists(api: Api) -> None:
    await api.register("a", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.call("PATCH", "/v1/brokers/c/a/0/topics", {"put": {"T": {}}})
    revision = (await api.register("a", topics={"Other": {}})).json["revision"]
    found = await _explain(api, "T")
    assert found["verdict"] == "dropped"
    assert (found["groups"][0]["dropped"]["revision"], found["groups"][0]["standing"]) == (revision, "dropped")
    assert f"since revision {revision} (update by http 127.0.0.1)" in found["summary"]


async def test_a_group_that_came_back_without_the_topic(api: Api) -> None:
    await api.register("a", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/brokers/c/a/0")
    assert (await _explain(api, "T"))["verdict"] == "offline"
    await api.register("a", topics={"Other": {}})
    assert (await _explain(api, "T"))["verdict"] == "dropped"
    await api.register("a", topics={"T": {}})
    assert (await _explain(api, "T"))["verdict"] == "served"
    assert (await _explain(api, "Other"))["verdict"] == "dropped"


async def test_a_name_that_nobody_ever_registered(api: Api) -> None:
    await api.register("a", topics={"OrderPaid": {}, "orderpaid": {}, "Shipping": {}, "OrderPayed": {}})
    found = await _explain(api, "OrderPiad")
    assert found["verdict"] == "never-registered"
    assert found["similar"] == ["OrderPaid", "orderpaid", "OrderPayed"]
    assert found["memory"]["allChanges"] is True
    assert found["memory"]["changesFromRevision"] == 1
    assert found["memory"]["tablesFromMs"] > 0
    assert "similar" not in await _explain(api, "x")


async def test_what_left_before_a_node_started_it_cannot_tell(
    api: Api, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    await api.register("a")
    await api.call("DELETE", "/v1/brokers/c/a/0")
    late = Api(http, (await node_factory(store_server.url)).http_address)
    found = await _explain(late, "TopicA")
    assert (found["verdict"], found["unknownGroups"]) == ("unknown-topic", ["a"])
    assert "It may be a topic of a, offline since before this node started" in found["summary"]
    await late.register("b", topics={"T": {}})
    await late.call("DELETE", "/v1/brokers/c/b/0")
    assert (await _explain(late, "TopicA"))["unknownGroups"] == ["a"]
    assert (await _explain(api, "TopicA"))["verdict"] == "offline"


async def test_a_deletion_is_known_to_a_node_that_started_later(
    api: Api, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    await api.register("a.b%c", topics={"T": {}})
    await api.call("DELETE", "/v1/topics/T")
    late = Api(http, (await node_factory(store_server.url)).http_address)
    for node in (api, late):
        found = await _explain(node, "T")
        assert (found["verdict"], _standings(found)) == ("deleted", {"a.b%c": "deleted"})
        assert found["groups"][0]["deletion"]["by"] == "http 127.0.0.1"
    await api.call("DELETE", "/v1/brokers/c/a.b%25c/0")
    for node in (api, late):
        revision = (await api.get("/v1/topics")).revision
        assert (await _explain(node, "T", f"?minRevision={revision}"))["verdict"] == "deleted"


async def test_a_deletion_of_which_the_change_is_no_longer_kept(
    api: Api,
    store: ScriptedStore,
    node_factory: NodeFactory,
    store_server: StoreProcess,
    http: aiohttp.ClientSession,
) -> None:
    await api.register("a", topics={"T": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.register("b")
    await store.redis.xtrim(store.keys.fixed["changes"], maxlen=1, approximate=False)
    late = Api(http, (await node_factory(store_server.url)).http_address)
    found = await _explain(late, "T")
    assert (found["verdict"], found["groups"][0]["deletion"]) == ("deleted", {"held": True})
    assert found["memory"]["allChanges"] is False


async def test_a_deletion_in_one_cluster_says_nothing_of_another(api: Api) -> None:
    await api.register("a", cluster="one", topics={"T": {}, "Other": {}})
    await api.register("b", cluster="two", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T?cluster=one")
    found = await _explain(api, "T")
    assert (found["verdict"], _standings(found)) == ("partly-served", {"a": "deleted", "b": "serving"})
    await api.call("PATCH", "/v1/brokers/one/a/0/topics", {"put": {"T": {}}})
    await api.register("b", cluster="two", topics={"Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    found = await _explain(api, "T")
    assert (found["verdict"], _standings(found)) == ("deleted", {"a": "deleted", "b": "dropped"})


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
        node = (await _explain(api, "TopicA"))["node"]
        return node["staleMs"] > 0 and not node["storeReachable"]

    await eventually(stale, within_s=10)
    found = await _explain(api, "TopicA")
    assert (found["verdict"], found["node"]["ready"]) == ("served", True)


@pytest.mark.parametrize("topic", ["%RETRY%group", "a|b", "a/b"])
async def test_any_name_can_be_asked_for(api: Api, topic: str) -> None:
    by_path = await api.get(f"/v1/explain/{quote(topic, safe='')}")
    by_parameter = await api.get(f"/v1/explain?topic={quote(topic, safe='')}")
    assert by_path.json["topic"] == by_parameter.json["topic"] == topic
    assert by_path.json["verdict"] == by_parameter.json["verdict"] == "never-registered"
    assert (await api.get("/v1/explain")).json["field"] == "topic"
