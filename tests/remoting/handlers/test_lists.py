from typing import Any

import pytest

from nsredis.core.queues import QueueData
from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command
from tests.support.api import Api
from tests.support.remoting import RemotingClient


def _body(answer: Command) -> Any:
    assert answer.code == 0, answer
    assert answer.body is not None
    return fastjson.loads(answer.body)


async def _topics(client: RemotingClient, code: int, **ext: str) -> list[str]:
    topics: list[str] = _body(await client.call(code, ext))["topicList"]
    return topics


@pytest.fixture
async def fleet(client: RemotingClient) -> None:
    """Two clusters; topics with flags."""
    await client.register("a", 0, {"Unit": QueueData(8, 8, 6, 1), "Sub": QueueData(8, 8, 6, 2)}, cluster="c1")
    await client.register("a", 1, {"Ignored": QueueData(), "Also": QueueData()}, cluster="c1")
    await client.register("b", 0, {"Both": QueueData(8, 8, 6, 3), "Plain": QueueData()}, cluster="c2")


@pytest.mark.usefixtures("fleet")
async def test_clusters(client: RemotingClient) -> None:
    answer = await client.call(RequestCode.GET_BROKER_CLUSTER_INFO)
    assert answer.body == (
        b'{"brokerAddrTable":{'
        b'"a":{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"a","cluster":"c1",'
        b'"enableActingMaster":false},'
        b'"b":{"brokerAddrs":{0:"10.0.0.1:10911"},"brokerName":"b","cluster":"c2","enableActingMaster":false}},'
        b'"clusterAddrTable":{"c1":["a"],"c2":["b"]}}'
    )
    await client.register("c", 0, cluster="c1")
    assert _body(await client.call(RequestCode.GET_BROKER_CLUSTER_INFO))["clusterAddrTable"]["c1"] == ["a", "c"]


async def test_nobody_is_there(client: RemotingClient) -> None:
    empty = await client.call(RequestCode.GET_BROKER_CLUSTER_INFO)
    assert empty.body == b'{"brokerAddrTable":{},"clusterAddrTable":{}}'
    assert (await client.call(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)).body == b'{"topicList":[]}'
    assert await _topics(client, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER) == []


@pytest.mark.usefixtures("fleet")
async def test_the_members_of_a_group(client: RemotingClient) -> None:
    answer = await client.call(RequestCode.GET_BROKER_MEMBER_GROUP, {"clusterName": "x", "brokerName": "a"})
    assert answer.body == (
        b'{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"a","cluster":"x"}}'
    )
    nobody = await client.call(RequestCode.GET_BROKER_MEMBER_GROUP, {"clusterName": "c1", "brokerName": "n"})
    assert _body(nobody)["brokerMemberGroup"]["brokerAddrs"] == {}


@pytest.mark.usefixtures("fleet")
async def test_topics(client: RemotingClient) -> None:
    assert await _topics(client, RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER) == ["Both", "Plain", "Sub", "Unit"]
    of_cluster = RequestCode.GET_TOPICS_BY_CLUSTER
    assert await _topics(client, of_cluster, cluster="c1") == ["Sub", "Unit"]
    assert await _topics(client, of_cluster, cluster="nobody") == []
    assert await _topics(client, of_cluster) == []
    assert await _topics(client, RequestCode.GET_UNIT_TOPIC_LIST) == ["Both", "Unit"]
    assert await _topics(client, RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST) == ["Both", "Sub"]
    assert await _topics(client, RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST) == ["Sub"]
    system = _body(await client.call(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS))
    assert set(system["topicList"]) == {"c1", "c2", "a", "b"}
    assert system["brokerAddr"] == "10.0.0.1:10911"


@pytest.mark.usefixtures("fleet")
async def test_lists_follow_changes(client: RemotingClient) -> None:
    every = RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER
    assert "New" not in await _topics(client, every)
    await client.register("d", 0, {"New": QueueData(8, 8, 6, 1), "New2": QueueData()}, cluster="c1")
    assert "New" in await _topics(client, every)
    assert await _topics(client, RequestCode.GET_UNIT_TOPIC_LIST) == ["Both", "New", "Unit"]
    await client.call(RequestCode.DELETE_TOPIC_IN_NAMESRV, {"topic": "New"})
    assert await _topics(client, RequestCode.GET_UNIT_TOPIC_LIST) == ["Both", "Unit"]


@pytest.mark.usefixtures("fleet")
async def test_lists_can_be_switched_off(client: RemotingClient, api: Api) -> None:
    await api.call("PATCH", "/v1/settings", {"enableTopicList": False})
    for code in (
        RequestCode.GET_TOPICS_BY_CLUSTER,
        RequestCode.GET_UNIT_TOPIC_LIST,
        RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
        RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
    ):
        answer = await client.call(code, {"cluster": "c1"})
        assert (answer.code, answer.remark) == (1, "disable")
    every = RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER
    assert len(await _topics(client, every)) == 4
    await api.call("PATCH", "/v1/settings", {"enableAllTopicList": False})
    answer = await client.call(every)
    assert (answer.code, answer.remark) == (1, "disable")
