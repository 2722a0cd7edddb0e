import pytest

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.node import Node
from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from nsredis.wire.registration import RegisterBody
from nsredis.wire.topics import TopicQueueMapping
from tests.conftest import NodeFactory
from tests.remoting.handlers.conftest import Connect
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.remoting import VERSION_4_9_3, RemotingClient

ROUTE = RequestCode.GET_ROUTEINFO_BY_TOPIC
QUEUES = QueueData(4, 8, 6, 0)


@pytest.mark.parametrize("form", Serialization)
async def test_the_bytes_are_those_of_the_http_api(client: RemotingClient, api: Api, form: Serialization) -> None:
    await client.register("a", 0, {"TopicA": QUEUES, "TopicB": QUEUES})
    await client.register("a", 1, {"TopicA": QUEUES, "TopicB": QUEUES})
    await client.register("b", 0, {"TopicA": QUEUES, "TopicB": QUEUES})
    answer = await client.call(ROUTE, {"topic": "TopicA"}, serialization=form)
    assert (answer.code, answer.remark, answer.serialization) == (0, None, form)
    assert answer.body == (await api.route("TopicA")).body


async def test_old_clients_read_unquoted_ids(client: RemotingClient) -> None:
    await client.register("a", 0, {"TopicA": QUEUES, "TopicB": QUEUES})
    standard = await client.call(ROUTE, {"topic": "TopicA"})
    for version in (0, 317, VERSION_4_9_3):
        answer = await client.call(ROUTE, {"topic": "TopicA"}, version=version)
        assert answer.body == (
            b'{"brokerDatas":[{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"a","cluster":"c",'
            b'"enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"a","perm":6,'
            b'"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":8}]}'
        )
    asked = await client.call(ROUTE, {"topic": "TopicA", "acceptStandardJsonOnly": "TRUE"}, version=317)
    assert asked.body == standard.body
    assert b'{"0":"10.0.0.1:10911"}' in (standard.body or b"")


async def test_the_old_dialect_follows_changes_too(client: RemotingClient) -> None:
    await client.register("a", 0, {"TopicA": QUEUES, "TopicB": QUEUES})
    await client.call(ROUTE, {"topic": "TopicA"}, version=317)
    await client.register("a", 1, {"TopicA": QUEUES, "TopicB": QUEUES})
    answer = await client.call(ROUTE, {"topic": "TopicA"}, version=317)
    assert b'{0:"10.0.0.1:10911",1:"10.0.0.2:10911"}' in (answer.body or b"")


async def test_a_topic_without_a_route(client: RemotingClient) -> None:
    answer = await client.call(ROUTE, {"topic": "Nope"})
    assert (answer.code, answer.body) == (17, None)
    assert answer.remark == (
        "No topic route info in name server for the topic: Nope\n"
        "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
    )
    nothing = await client.call(ROUTE)
    assert nothing.code == 17
    assert "for the topic: null\n" in (nothing.remark or "")


async def test_a_zone_keeps_its_own_brokers_in_the_clients_dialect(client: RemotingClient) -> None:
    for name, zone in (("a", "z1"), ("b", "z2")):
        await client.register(name, 0, {"TopicA": QUEUES, "TopicB": QUEUES}, __ZONE_NAME=zone)
    await client.register("c", 1, {"TopicA": QUEUES, "TopicB": QUEUES}, __ZONE_NAME="z2")
    asked = {"topic": "TopicA", "__ZONE_MODE": "true", "__ZONE_NAME": "Z1"}
    answer = await client.call(ROUTE, asked)
    route = fastjson.loads(answer.body or b"")
    assert [data["brokerName"] for data in route["brokerDatas"]] == ["a", "c"]
    assert [data["brokerName"] for data in route["queueDatas"]] == ["a", "c"]
    assert b'{"0":' in (answer.body or b"")
    old = await client.call(ROUTE, asked, version=317)
    assert b"{0:" in (old.body or b"")
    off = await client.route("TopicA", __ZONE_MODE="false", __ZONE_NAME="z1")
    assert len(off["brokerDatas"]) == 3


async def test_a_zone_without_a_broker_is_no_empty_success(client: RemotingClient) -> None:
    await client.register("a", 0, __ZONE_NAME="z1")
    answer = await client.call(ROUTE, {"topic": "TopicA", "__ZONE_MODE": "true", "__ZONE_NAME": "z9"})
    assert (answer.code, answer.body) == (17, None)


async def test_static_topics_carry_their_mappings(client: RemotingClient) -> None:
    mapping = TopicQueueMapping("a", "S", {0: 0, 1: 1}, total_queues=2).text()
    body = RegisterBody(DataVersion(0, 1, 1), {"S": QUEUES, "T": QUEUES}, {"S": mapping}, ())
    await client.register("a", 0, body=body)
    route = await client.route("S")
    assert route["topicQueueMappingByBroker"]["a"]["currIdMap"] == {"0": 0, "1": 1}
    old = await client.call(ROUTE, {"topic": "S"}, version=317)
    assert b'"currIdMap":{0:0,1:1}' in (old.body or b"")
    assert "topicQueueMappingByBroker" not in await client.route("T")


async def test_order_configuration_where_the_namespace_says_so(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0)
    await api.call("PUT", "/v1/kv/ORDER_TOPIC_CONFIG/TopicA", {"value": "a:4"})
    assert "orderTopicConf" not in await client.route("TopicA")
    await api.call("PATCH", "/v1/settings", {"orderMessageEnable": True})
    assert (await client.route("TopicA"))["orderTopicConf"] == "a:4"
    assert "orderTopicConf" not in await client.route("TopicB")


async def test_a_node_without_a_view_says_that_it_is_not_ready(node_factory: NodeFactory, connect: Connect) -> None:
    node: Node = await node_factory(f"redis://127.0.0.1:{free_port()}", wait=False)
    client = await connect(node)
    for code in (ROUTE, RequestCode.GET_BROKER_CLUSTER_INFO, RequestCode.GET_BROKER_MEMBER_GROUP):
        answer = await client.call(code, {"topic": "TopicA"})
        assert (answer.code, answer.body) == (1, None)
        assert (answer.remark or "").startswith("name server not ready")
    registered = await client.register("a", 0)
    assert registered.code == 1


async def test_routes_are_the_same_on_another_node(
    node: Node, node_factory: NodeFactory, client: RemotingClient, connect: Connect
) -> None:
    other = await connect(await node_factory(node.settings.redis))
    await client.register("a", 0)

    async def same() -> bool:
        mine = await client.call(ROUTE, {"topic": "TopicA"})
        return (await other.call(ROUTE, {"topic": "TopicA"})).body == mine.body

    await eventually(same)
