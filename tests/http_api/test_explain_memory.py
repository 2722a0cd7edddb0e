"""Why a topic is gone: what a node knows of topics that were deleted, dropped, or left with their brokers."""

import aiohttp

from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.explained import explained, standings
from tests.support.scripted_store import ScriptedStore
from tests.support.store_process import StoreProcess


async def test_a_topic_that_an_operator_deleted(api: Api) -> None:
    version = {"stateVersion": 0, "timestamp": 17, "counter": 1}
    await api.register("a", dataVersion=version, topics={"T": {}, "Other": {}})
    await api.register("b", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.register("a", dataVersion=version, topics={"T": {}, "Other": {}})
    found = await explained(api, "T")
    assert found["verdict"] == "deleted"
    assert standings(found) == {"a": "deleted", "b": "deleted"}
    deletion = found["groups"][0]["deletion"]
    assert (deletion["by"], deletion["held"], deletion["heldUnder"]) == ("http 127.0.0.1", True, "0/17/1")
    (change,) = found["changes"]
    assert (change["kind"], change["revision"]) == ("delete-topic", deletion["revision"])
    assert change["atMs"] == deletion["atMs"]
    assert "under another data version than 0/17/1" in found["summary"]
    body_held = found["groups"][1]["deletion"]
    assert (body_held["held"], "heldUnder" in body_held) == (True, False)
    await api.register("a", dataVersion={**version, "counter": 2}, topics={"T": {}, "Other": {}})
    assert (await explained(api, "T"))["verdict"] == "partly-served"


async def test_a_deleted_topic_of_a_group_that_came_back_without_it(api: Api) -> None:
    await api.register("a", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.register("a", topics={"Other": {}})
    assert (await explained(api, "T"))["groups"][0]["deletion"]["held"] is True
    await api.call("DELETE", "/v1/brokers/c/a/0")
    assert (await explained(api, "T"))["verdict"] == "deleted"
    await api.register("a", topics={"Other": {}})
    found = await explained(api, "T")
    assert (found["verdict"], found["groups"][0]["deletion"]["held"]) == ("deleted", False)
    assert found["summary"].endswith("it comes back when the group registers it.")


async def test_a_topic_that_its_group_no_longer_lists(api: Api) -> None:
    await api.register("a", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    await api.call("PATCH", "/v1/brokers/c/a/0/topics", {"put": {"T": {}}})
    revision = (await api.register("a", topics={"Other": {}})).json["revision"]
    found = await explained(api, "T")
    assert found["verdict"] == "dropped"
    assert (found["groups"][0]["dropped"]["revision"], found["groups"][0]["standing"]) == (revision, "dropped")
    assert f"since revision {revision} (update by http 127.0.0.1)" in found["summary"]


async def test_a_group_that_came_back_without_the_topic(api: Api) -> None:
    await api.register("a", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/brokers/c/a/0")
    assert (await explained(api, "T"))["verdict"] == "offline"
    await api.register("a", topics={"Other": {}})
    assert (await explained(api, "T"))["verdict"] == "dropped"
    await api.register("a", topics={"T": {}})
    assert (await explained(api, "T"))["verdict"] == "served"
    assert (await explained(api, "Other"))["verdict"] == "dropped"


async def test_a_name_that_nobody_ever_registered(api: Api) -> None:
    await api.register("a", topics={"OrderPaid": {}, "orderpaid": {}, "Shipping": {}, "OrderPayed": {}})
    found = await explained(api, "OrderPiad")
    assert found["verdict"] == "never-registered"
    assert found["similar"] == ["OrderPaid", "orderpaid", "OrderPayed"]
    assert found["memory"]["allChanges"] is True
    assert found["memory"]["changesFromRevision"] == 1
    assert found["memory"]["tablesFromMs"] > 0
    assert "similar" not in await explained(api, "x")


async def test_what_left_before_a_node_started_it_cannot_tell(
    api: Api, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    await api.register("a")
    await api.call("DELETE", "/v1/brokers/c/a/0")
    late = Api(http, (await node_factory(store_server.url)).http_address)
    found = await explained(late, "TopicA")
    assert (found["verdict"], found["unknownGroups"]) == ("unknown-topic", ["a"])
    assert "It may be a topic of a, offline since before this node started" in found["summary"]
    await late.register("b", topics={"T": {}})
    await late.call("DELETE", "/v1/brokers/c/b/0")
    assert (await explained(late, "TopicA"))["unknownGroups"] == ["a"]
    assert (await explained(api, "TopicA"))["verdict"] == "offline"


async def test_a_deletion_is_known_to_a_node_that_started_later(
    api: Api, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    await api.register("a.b%c", topics={"T": {}})
    await api.call("DELETE", "/v1/topics/T")
    late = Api(http, (await node_factory(store_server.url)).http_address)
    for node in (api, late):
        found = await explained(node, "T")
        assert (found["verdict"], standings(found)) == ("deleted", {"a.b%c": "deleted"})
        assert found["groups"][0]["deletion"]["by"] == "http 127.0.0.1"
    await api.call("DELETE", "/v1/brokers/c/a.b%25c/0")
    for node in (api, late):
        revision = (await api.get("/v1/topics")).revision
        assert (await explained(node, "T", f"?minRevision={revision}"))["verdict"] == "deleted"


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
    found = await explained(late, "T")
    assert (found["verdict"], found["groups"][0]["deletion"]) == ("deleted", {"held": True})
    assert found["memory"]["allChanges"] is False


async def test_a_deletion_in_one_cluster_says_nothing_of_another(api: Api) -> None:
    await api.register("a", cluster="one", topics={"T": {}, "Other": {}})
    await api.register("b", cluster="two", topics={"T": {}, "Other": {}})
    await api.call("DELETE", "/v1/topics/T?cluster=one")
    found = await explained(api, "T")
    assert (found["verdict"], standings(found)) == ("partly-served", {"a": "deleted", "b": "serving"})
    await api.call("PATCH", "/v1/brokers/one/a/0/topics", {"put": {"T": {}}})
    await api.register("b", cluster="two", topics={"Other": {}})
    await api.call("DELETE", "/v1/topics/T")
    found = await explained(api, "T")
    assert (found["verdict"], standings(found)) == ("deleted", {"a": "deleted", "b": "dropped"})
