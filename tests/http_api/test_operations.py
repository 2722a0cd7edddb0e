import aiohttp
from redis.asyncio import Redis

from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

OVERRIDE = "/v1/brokers/c/a/override"


async def test_an_override_limits_a_group_and_gives_everything_back(api: Api) -> None:
    await api.register("a", topics={"T": {}, "ReadOnly": {"perm": 4}})
    before = (await api.route("T")).body
    reply = await api.call("PUT", OVERRIDE, {"perm": 4, "reason": "new disk"})
    assert reply.status == 200
    assert (await api.route("T")).json["queueDatas"][0]["perm"] == 4
    assert (await api.route("ReadOnly")).json["queueDatas"][0]["perm"] == 4
    shown = (await api.get("/v1/brokers/c/a/0")).json["override"]
    assert (shown["perm"], shown["reason"], shown["by"]) == (4, "new disk", "http 127.0.0.1")
    await api.register("a", topics={"T": {}, "New": {}})
    assert (await api.route("New")).json["queueDatas"][0]["perm"] == 4
    assert (await api.call("DELETE", OVERRIDE)).status == 204
    assert (await api.route("T")).body == before
    assert (await api.call("DELETE", OVERRIDE)).status == 204


async def test_an_override_ends_by_itself(api: Api) -> None:
    await api.register("a")
    await api.call("PUT", OVERRIDE, {"perm": 0, "expiresInMs": 300})
    assert (await api.route("TopicA")).json["queueDatas"][0]["perm"] == 0

    async def over() -> bool:
        return bool((await api.route("TopicA")).json["queueDatas"][0]["perm"] == 6)

    await eventually(over)
    assert "override" not in (await api.get("/v1/brokers/c/a/0")).json


async def test_an_override_has_rules(api: Api) -> None:
    assert (await api.call("PUT", OVERRIDE, {"perm": 4})).json["code"] == "broker-not-found"
    await api.register("a")
    assert (await api.call("PUT", "/v1/brokers/other/a/override", {"perm": 4})).status == 404
    for body, field in (
        ({"perm": 8}, "perm"),
        ({}, "perm"),
        ({"perm": 4, "expiresInMs": 0}, "expiresInMs"),
        ({"perm": 4, "reason": "disk\x1b[2J"}, "reason"),
    ):
        reply = await api.call("PUT", OVERRIDE, body)
        assert (reply.status, reply.json["field"]) == (422, field)
    assert (await api.get(OVERRIDE)).status == 405


async def test_events_tell_who_did_what(api: Api) -> None:
    start = (await api.get("/v1/topics")).revision
    await api.register("a")
    await api.call("PUT", OVERRIDE, {"perm": 4, "reason": "new disk"})
    await api.call("PUT", "/v1/kv/n%20s/k", {"value": "1"})
    await api.call("DELETE", "/v1/topics/TopicA")
    await api.call("DELETE", "/v1/brokers/c/a/0")
    items = (await api.get(f"/v1/events?after={start}")).json["items"]
    assert [item["kind"] for item in items] == ["register", "override", "put-kv", "delete-topic", "unregister"]
    assert [item["revision"] for item in items] == list(range(start + 1, start + 6))
    assert {item["by"] for item in items} == {"http 127.0.0.1"}
    assert items[1]["why"] == "new disk"
    assert items[2]["subjects"] == ["kv:n s"]
    assert items[3]["why"] == "TopicA"
    assert "broker:a/0" in items[4]["subjects"]
    assert (await api.get(f"/v1/events?after={start + 5}")).json == {"items": [], "next": None}


async def test_events_that_are_no_longer_kept_are_gone(
    api: Api, node_factory: NodeFactory, namespace: str, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    for name in ("a", "b", "c"):
        last = (await api.register(name)).json["revision"]
    async with Redis.from_url(store_server.url) as client:
        await client.xtrim(f"nsr:{{{namespace}}}:changes", maxlen=1, approximate=False)
    late = Api(http, (await node_factory(store_server.url)).http_address)
    trimmed = await late.get("/v1/events?after=1")
    assert (trimmed.status, trimmed.json["code"]) == (410, "history-trimmed")
    assert str(last) in trimmed.json["detail"]
    for path in ("/v1/events", f"/v1/events?after={last - 1}"):
        assert [item["revision"] for item in (await late.get(path)).json["items"]] == [last]


async def test_every_live_node_is_listed_and_one_that_left_is_not(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, node_id="the-node")
    api = Api(http, node.http_address)
    other = await node_factory(store_server.url, node_id="another-node", advertise_remoting="ns2.example:9876")

    async def listed() -> list[str]:
        return [item["id"] for item in (await api.get("/v1/nodes")).json["items"] if item["ready"]]

    async def both() -> bool:
        return await listed() == ["another-node", "the-node"]

    await eventually(both)
    item = (await api.get("/v1/nodes")).json["items"][0]
    assert item["http"] == other.http_address
    assert (item["lagMs"], item["remoting"]) == (0, "ns2.example:9876")
    both_addresses = f"ns2.example:9876;{node.remoting_address}".encode()
    assert (await api.get("/rocketmq/nsaddr")).body == both_addresses
    assert (await api.get("/rocketmq/nsaddr-unit1?nofix=1")).body == both_addresses
    await other.stop()

    async def one() -> bool:
        return await listed() == ["the-node"]

    await eventually(one)
    assert (await api.get("/rocketmq/nsaddr")).body == node.remoting_address.encode()
    assert node._nodes is not None
    node._nodes.drained.set()  # as at the beginning of its drain, when it still answers
    none = await api.get("/rocketmq/nsaddr")
    assert (none.status, none.headers["Retry-After"]) == (503, "1")


async def test_the_name_servers_address_may_be_a_balancers(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, nsaddr="lb.example:9876")
    reply = await Api(http, node.http_address).get("/rocketmq/nsaddr")
    assert (reply.body, reply.headers["Content-Type"]) == (b"lb.example:9876", "text/plain; charset=utf-8")
