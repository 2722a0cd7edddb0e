from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.codes import RequestCode
from tests.support.api import Api
from tests.support.remoting import RemotingClient, broker_ext

WIPE, ADD, DELETE = (
    RequestCode.WIPE_WRITE_PERM_OF_BROKER,
    RequestCode.ADD_WRITE_PERM_OF_BROKER,
    RequestCode.DELETE_TOPIC_IN_NAMESRV,
)
TOPICS = {"TopicA": QueueData(4, 4, 6, 0), "Special": QueueData(4, 4, 7, 0)}


async def _perm(client: RemotingClient, topic: str) -> int:
    perm: int = (await client.route(topic))["queueDatas"][0]["perm"]
    return perm


async def test_the_write_permission_goes_and_comes_back(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0, TOPICS)
    wiped = await client.call(WIPE, {"brokerName": "a"})
    assert (wiped.code, wiped.ext) == (0, {"wipeTopicCount": "2"})
    assert (await _perm(client, "TopicA"), await _perm(client, "Special")) == (4, 5)
    await client.register("a", 0, TOPICS, version=DataVersion(0, 5, 5))  # survives what the broker says
    assert await _perm(client, "TopicA") == 4
    revision = (await api.get("/v1/clusters")).revision
    assert (await client.call(WIPE, {"brokerName": "a"})).ext == {"wipeTopicCount": "2"}
    assert (await api.get("/v1/clusters")).revision == revision
    added = await client.call(ADD, {"brokerName": "a"})
    assert (added.code, added.ext) == (0, {"addTopicCount": "2"})
    assert (await _perm(client, "TopicA"), await _perm(client, "Special")) == (6, 7)


async def test_a_wipe_ends_when_the_whole_group_left_and_came_anew(client: RemotingClient) -> None:
    await client.register("a", 0, TOPICS)
    await client.register("a", 1, TOPICS)
    await client.call(WIPE, {"brokerName": "a"})
    await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0))
    await client.register("a", 0, TOPICS)
    assert await _perm(client, "TopicA") == 4
    for number in (0, 1):
        await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", number))
    await client.register("a", 0, TOPICS)
    assert await _perm(client, "TopicA") == 6


async def test_a_wipe_of_a_group_that_is_drained_otherwise(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0, TOPICS)
    await api.call("PUT", "/v1/brokers/c/a/override", {"perm": 3, "reason": "no reads"})
    await client.call(WIPE, {"brokerName": "a"})
    assert await _perm(client, "Special") == 1


async def test_permissions_of_nobody(client: RemotingClient) -> None:
    assert (await client.call(WIPE, {"brokerName": "n"})).ext == {"wipeTopicCount": "0"}
    assert (await client.call(ADD, {"brokerName": "n"})).ext == {"addTopicCount": "0"}
    assert (await client.call(WIPE)).code == 1


async def test_deleting_a_topic(client: RemotingClient) -> None:
    await client.register("a", 0, TOPICS, cluster="c1")
    await client.register("b", 0, TOPICS, cluster="c2")
    assert (await client.call(DELETE, {"topic": "TopicA", "clusterName": "c1"})).code == 0
    assert [data["brokerName"] for data in (await client.route("TopicA"))["brokerDatas"]] == ["b"]
    assert (await client.call(DELETE, {"topic": "Special"})).code == 0
    assert await client.route("Special") is None
    assert (await client.call(DELETE, {"topic": "Special"})).code == 0
    assert (await client.call(DELETE, {"topic": "TopicA", "clusterName": "nobody"})).code == 0
    assert (await client.call(DELETE, {})).code == 1
