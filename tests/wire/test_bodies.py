"""Bodies of answers, in the reference's own words."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import Broker, DataVersion, Group
from nsredis.core.namespace_settings import NamespaceSettings
from nsredis.core.queues import QueueData, intern
from nsredis.core.routes import Offer, topic_route
from nsredis.wire import bodies
from nsredis.wire.commands import decode
from nsredis.wire.fastjson import loads
from tests.wire.reference_frames import ROUTE

LEAD = Broker("DefaultCluster", "broker-a", 0, "10.0.0.5:10911", 1, 15_000, 1, 1)
GROUP = Group("broker-a", "DefaultCluster", {0: "10.0.0.5:10911"})


def test_lists_and_tables() -> None:
    assert bodies.topic_list([]) == b'{"topicList":[]}'
    assert bodies.topic_list(["TopicTest", "%RETRY%g"]) == b'{"topicList":["TopicTest","%RETRY%g"]}'
    assert bodies.topic_list(["DefaultCluster", "broker-a"], "10.0.0.5:10911") == (
        b'{"brokerAddr":"10.0.0.5:10911","topicList":["DefaultCluster","broker-a"]}'
    )
    assert bodies.kv_table({}) == b'{"table":{}}'
    assert (
        bodies.kv_table({"TopicOrder": "broker-a:4;broker-b:4"}) == b'{"table":{"TopicOrder":"broker-a:4;broker-b:4"}}'
    )


def test_data_versions() -> None:
    version = DataVersion(0, 1_700_000_000_000, 3)
    raw = bodies.data_version(version)
    assert raw == b'{"counter":3,"stateVersion":0,"timestamp":1700000000000}'
    assert bodies.decode_data_version(raw) == version
    assert bodies.decode_data_version(None) is bodies.decode_data_version(b"") is None
    with pytest.raises(ValueError, match="counter"):
        bodies.decode_data_version(b'{"counter":"x"}')


def test_queue_datas() -> None:
    raw = (
        b'{"brokerDatas":[{"brokerAddrs":{0:"h:1"}}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,'
        b'"readQueueNums":8,"topicSysFlag":1,"writeQueueNums":9},{"brokerName":"b","topicSynFlag":2},{}]}'
    )
    found = bodies.decode_queue_datas(raw)
    assert found == [("broker-a", (8, 9, 6, 1)), ("b", (0, 0, 0, 2)), ("", (0, 0, 0, 0))]
    assert found[0][1] is intern(QueueData(8, 9, 6, 1))
    for nothing in (None, b"", b"{}", b'{"queueDatas":null}', b'{"queueDatas":[]}'):
        assert bodies.decode_queue_datas(nothing) == []
    for wrong in (b"[]", b'{"queueDatas":{}}', b'{"queueDatas":[{"perm":2147483648}]}', b'{"x":' * 10_000):
        with pytest.raises(ValueError):
            bodies.decode_queue_datas(wrong)


def test_cluster_info() -> None:
    assert bodies.cluster_info([]) == b'{"brokerAddrTable":{},"clusterAddrTable":{}}'
    assert bodies.cluster_info([(GROUP, LEAD)]) == (
        b'{"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"10.0.0.5:10911"},"brokerName":"broker-a",'
        b'"cluster":"DefaultCluster","enableActingMaster":false}},"clusterAddrTable":{"DefaultCluster":["broker-a"]}}'
    )
    other = Group("broker-b", "DefaultCluster", {10: "h:1", 9: "h:2"})
    info = bodies.cluster_info([(GROUP, LEAD), (other, None)])
    assert b'{9:"h:2",10:"h:1"}' in info
    assert loads(info)["clusterAddrTable"] == {"DefaultCluster": ["broker-a", "broker-b"]}


def test_a_member_group() -> None:
    assert bodies.member_group("DefaultCluster", "broker-a", {0: "10.0.0.5:10911", 1: "10.0.0.6:10911"}) == (
        b'{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.5:10911",1:"10.0.0.6:10911"},"brokerName":"broker-a",'
        b'"cluster":"DefaultCluster"}}'
    )
    assert bodies.member_group("c", "b", {}) == (
        b'{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"b","cluster":"c"}}'
    )


def test_a_route_of_the_reference_in_both_forms() -> None:
    content = topic_route("TopicTest", [Offer(GROUP, LEAD, QueueData(4, 4, 6, 0))], NamespaceSettings())
    assert content is not None
    standard = decode(ROUTE[4:]).body
    assert standard is not None
    assert bodies.route(content, legacy=False) == standard
    assert bodies.route(content, legacy=True) == standard.replace(b'{"0":', b"{0:")


def test_a_static_topics_route_in_both_forms() -> None:
    mapping = '{"bname":"broker-a","currIdMap":{"0":0,"10":1,"2":2},"topic":"S"}'
    content = topic_route("S", [Offer(GROUP, LEAD, QueueData(), mapping=mapping)], NamespaceSettings())
    assert content is not None
    standard, legacy = bodies.route(content, legacy=False), bodies.route(content, legacy=True)
    assert b'"topicQueueMappingByBroker":{"broker-a":%b}' % mapping.encode() in standard
    assert b'"currIdMap":{0:0,2:2,10:1}' in legacy
    assert loads(legacy) == loads(standard)


@given(st.binary(max_size=60) | st.text("{}[]:,\"'\\ 0ae", max_size=60).map(str.encode))
def test_no_other_error_than_value_error(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        bodies.decode_queue_datas(raw)
    with contextlib.suppress(ValueError):
        bodies.decode_data_version(raw)
