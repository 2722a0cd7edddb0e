import logging
import zlib

import pytest

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.node import Node
from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.registration import (
    RegisterBody,
    body_crc,
    encode_compressed_register_body,
    encode_register_body,
)
from tests.conftest import NodeFactory
from tests.remoting.handlers.conftest import Connect
from tests.support.api import Api
from tests.support.loop_slices import LoopSlices
from tests.support.remoting import RemotingClient, broker_ext

REGISTER = RequestCode.REGISTER_BROKER
QUEUES = QueueData(4, 8, 6, 0)
TOPICS = {"TopicA": QUEUES, "TopicB": QueueData(1, 1, 4, 0)}
VERSION = DataVersion(0, 1_700_000_000_000, 1)
NEWER = DataVersion(0, 1_700_000_000_001, 2)
BODY = RegisterBody(VERSION, TOPICS, {}, ())


async def test_a_registration_is_seen_at_both_doors(client: RemotingClient, api: Api) -> None:
    answer = await client.register("a", 0, TOPICS, cluster="c")
    assert (answer.code, answer.remark, answer.ext or {}, answer.body) == (0, None, {}, None)
    broker = (await api.get("/v1/brokers/c/a/0")).json
    assert (broker["address"], broker["haAddress"], broker["leaseMs"]) == ("10.0.0.1:10911", "10.1.0.1:10912", 120_000)
    assert broker["dataVersion"] == {"stateVersion": 0, "timestamp": 1_700_000_000_000, "counter": 1}
    route = await client.route("TopicB")
    assert route["queueDatas"] == [
        {"brokerName": "a", "perm": 4, "readQueueNums": 1, "topicSysFlag": 0, "writeQueueNums": 1}
    ]


async def test_a_large_table_that_changes_from_one_registration_to_the_next(client: RemotingClient, api: Api) -> None:
    """A topic is altered, one comes, one is gone from the body, and an operator deletes one that the body still has."""
    names = [f"topic-{number:04}" for number in range(1000)]
    table = dict.fromkeys(names, QUEUES)

    async def register(counter: int) -> None:
        assert (await client.register("a", 0, table, version=DataVersion(0, 1, counter))).code == 0

    async def queues(topic: str) -> object:
        route = await client.route(topic)
        return route and [entry["readQueueNums"] for entry in route["queueDatas"]]

    await register(1)
    table |= {"topic-0500": QueueData(9, 8, 6, 0), "topic-new": QUEUES}
    await register(2)
    assert [await queues(topic) for topic in ("topic-0500", "topic-new", "topic-0501")] == [[9], [4], [4]]
    assert (await api.call("DELETE", "/v1/topics/topic-0007")).status == 204
    await register(2)
    assert await queues("topic-0007") is None
    del table["topic-0900"]
    table["topic-0007"] = QUEUES
    await register(3)
    assert [await queues(topic) for topic in ("topic-0900", "topic-0007", "topic-0500")] == [[4], [4], [9]]


@pytest.mark.parametrize("version", [0, 36, 37, 399, 412, 413, 479])
@pytest.mark.parametrize("form", ["json", "compressed", "compressed without the flag"])
async def test_every_form_of_the_body(client: RemotingClient, version: int, form: str) -> None:
    if form == "json":
        raw = encode_register_body(BODY)
    else:
        raw = encode_compressed_register_body(BODY, mappings=version >= 413)
    ext = broker_ext() | {"compressed": str(form == "compressed").lower(), "bodyCrc32": str(body_crc(raw))}
    assert (await client.call(REGISTER, ext, raw, version=version)).code == 0
    route = await client.route("TopicA")
    assert route["queueDatas"][0] == {
        "brokerName": "a", "perm": 6, "readQueueNums": 4, "topicSysFlag": 0, "writeQueueNums": 8
    }  # fmt: skip


async def test_a_bomb_is_inflated_beside_the_loop(client: RemotingClient) -> None:
    """Sixty-four of these two hundred MB are inflated before it is refused: a tenth of a second and more."""
    bomb = zlib.compress(bytes(200 << 20), 9)
    ext = broker_ext() | {"compressed": "true", "bodyCrc32": str(body_crc(bomb))}
    async with LoopSlices() as slices:
        answer = await client.call(REGISTER, ext, bomb)
    assert answer.code == 1
    assert "inflates to more than" in (answer.remark or "")
    assert slices.longest_ms < 60


async def test_a_body_that_was_damaged_on_its_way(client: RemotingClient) -> None:
    raw = encode_register_body(BODY)
    answer = await client.call(REGISTER, broker_ext() | {"bodyCrc32": str(body_crc(raw) ^ 1)}, raw)
    assert (answer.code, answer.remark) == (1, "crc32 not match")
    assert await client.route("TopicA") is None


@pytest.mark.parametrize("name", ["brokerName", "brokerId", "clusterName", "brokerAddr"])
async def test_what_must_be_said(client: RemotingClient, api: Api, name: str) -> None:
    ext = broker_ext()
    del ext[name]
    answer = await client.call(REGISTER, ext, encode_register_body(BODY))
    assert (answer.code, answer.remark) == (1, f"invalid-field: {name}: is required")
    assert (await api.get("/v1/brokers")).json["items"] == []


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("brokerId", "-1", "brokerId"),
        ("brokerId", "x", "brokerId"),
        ("brokerAddr", "no port", "address"),
        ("heartbeatTimeoutMillis", "0", "heartbeatTimeoutMillis"),
        ("heartbeatTimeoutMillis", "soon", "heartbeatTimeoutMillis"),
        ("bodyCrc32", "x", "bodyCrc32"),
        ("brokerName", "x" * 300, "brokerName"),
    ],
)
async def test_bad_parameters_are_named_and_change_nothing(
    client: RemotingClient, api: Api, name: str, value: str, field: str
) -> None:
    answer = await client.call(REGISTER, broker_ext() | {name: value}, encode_register_body(BODY))
    assert answer.code == 1
    assert (answer.remark or "").startswith(f"invalid-field: {field}: ")
    assert (await api.get("/v1/brokers")).json["items"] == []


@pytest.mark.parametrize("raw", [b"{", b"\x78\xda junk", b"[]", b'{"topicConfigSerializeWrapper":5}', b"\xff\xfe"])
async def test_a_body_that_cannot_be_read(client: RemotingClient, api: Api, raw: bytes) -> None:
    answer = await client.call(REGISTER, broker_ext(), raw)
    assert answer.code == 1
    assert "Failed to decode RegisterBrokerBody" in (answer.remark or "")
    assert (await api.get("/v1/brokers")).json["items"] == []


async def test_an_unchanged_registration_is_a_heartbeat(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0, TOPICS)
    before = await api.get("/v1/brokers/c/a/0")
    for _ in range(3):
        assert (await client.register("a", 0, TOPICS)).code == 0
    after = await api.get("/v1/brokers/c/a/0")
    assert (after.revision, after.body) == (before.revision, before.body)


async def test_topics_are_added_and_never_dropped(client: RemotingClient) -> None:
    await client.register("a", 0, TOPICS)
    await client.register("a", 0, {"TopicC": QUEUES}, version=NEWER)
    assert await client.route("TopicA") is not None
    assert await client.route("TopicC") is not None


async def test_topics_that_are_missing_go_where_the_namespace_says_so(client: RemotingClient, api: Api) -> None:
    await api.call("PATCH", "/v1/settings", {"deleteTopicWithBrokerRegistration": True})
    await client.register("a", 0, {"T1": QUEUES, "T2": QUEUES, "T3": QUEUES})
    await client.register("b", 0, {"T1": QUEUES, "T2": QUEUES})
    await client.register("a", 0, {"T2": QUEUES, "T3": QUEUES}, version=NEWER)
    assert [data["brokerName"] for data in (await client.route("T1"))["queueDatas"]] == ["b"]
    await client.register("a", 0, {"T4": QUEUES}, version=DataVersion(0, 1, 3))  # an addition is no whole table
    assert await client.route("T3") is not None
    assert await client.route("T4") is not None


async def test_an_addition_before_the_first_table_is_refused(client: RemotingClient, api: Api) -> None:
    answer = await client.register("a", 0, {"TopicA": QUEUES})
    assert (answer.code, answer.remark) == (1, "register broker failed")
    assert (await api.get("/v1/brokers")).json["items"] == []


async def test_a_slave_hears_of_its_master_and_adds_no_topics(client: RemotingClient) -> None:
    await client.register("a", 0, TOPICS)
    answer = await client.register("a", 1, {"Slave1": QUEUES, "Slave2": QUEUES})
    assert answer.ext == {"haServerAddr": "10.1.0.1:10912", "masterAddr": "10.0.0.1:10911"}
    assert await client.route("Slave1") is None
    assert (await client.route("TopicA"))["brokerDatas"][0]["brokerAddrs"] == {
        "0": "10.0.0.1:10911",
        "1": "10.0.0.2:10911",
    }


async def test_the_lowest_slave_speaks_for_a_group_without_a_master(client: RemotingClient, api: Api) -> None:
    await api.call("PATCH", "/v1/settings", {"supportActingMaster": True})
    await client.register("a", 1, TOPICS, enableActingMaster="true")
    route = await client.route("TopicA")
    assert route["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.2:10911"}
    assert route["queueDatas"][0]["perm"] == 4
    await client.register("a", 0, TOPICS, enableActingMaster="true")
    route = await client.route("TopicA")
    assert set(route["brokerDatas"][0]["brokerAddrs"]) == {"0", "1"}
    assert route["queueDatas"][0]["perm"] == 6
    await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0))
    route = await client.route("TopicA")
    assert route["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.2:10911"}
    assert route["queueDatas"][0]["perm"] == 4


async def test_order_configuration_comes_with_the_answer(client: RemotingClient, api: Api) -> None:
    await api.call("PUT", "/v1/kv/ORDER_TOPIC_CONFIG/TopicA", {"value": "a:4"})
    answer = await client.register("a", 0)
    assert fastjson.loads(answer.body or b"") == {"table": {"TopicA": "a:4"}}
    await api.call("PATCH", "/v1/settings", {"returnOrderTopicConfigToBroker": False})
    assert (await client.register("a", 0)).body is None


async def test_a_role_switch_leaves_the_old_id(client: RemotingClient) -> None:
    await client.register("a", 0)
    await client.register("a", 1)
    await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0))
    await client.register("a", 0, address="10.0.0.2:10911", version=NEWER)
    assert (await client.route("TopicA"))["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.2:10911"}


async def test_a_name_of_another_cluster_is_refused_and_told_once(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0, cluster="c1")
    for _ in range(2):
        answer = await client.register("a", 0, cluster="c2", address="10.0.0.9:10911")
        assert answer.code == 1
        assert (answer.remark or "").startswith("name-owned: ")
    events = [item for item in (await api.get("/v1/events")).json["items"] if item["kind"] == "name-refused"]
    assert len(events) == 1
    assert "c1" in events[0]["why"]
    assert "10.0.0.9:10911 of cluster c2" in events[0]["why"]


async def test_names_that_only_remoting_may_use(client: RemotingClient, api: Api) -> None:
    await client.register("имя 1", 0, {"topic.with.dots": QUEUES, "b": QUEUES}, cluster="my cluster")
    assert (await client.route("topic.with.dots"))["brokerDatas"][0]["cluster"] == "my cluster"
    assert (await api.route("topic.with.dots")).status == 200
    reply = await api.call("DELETE", "/v1/topics/topic.with.dots")
    assert reply.status == 204
    assert await client.route("topic.with.dots") is None


async def test_a_loopback_or_taken_address_is_warned_of_once(
    client: RemotingClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for name in ("a", "b"):
            for _ in range(2):
                await client.register(name, 0, address="127.0.0.1:10911")
                await client.call(RequestCode.UNREGISTER_BROKER, broker_ext(name, 0, address="127.0.0.1:10911"))
            await client.register(name, 0, address="127.0.0.1:10911")
    words = [record.getMessage() for record in caplog.records if "registers" in record.getMessage()]
    assert words == [
        "broker a/0 registers with a loopback address: 127.0.0.1:10911",
        "broker b/0 registers from 127.0.0.1:10911, as a/0 does",
    ]


async def test_unregistering(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0)
    other = await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0, address="10.9.9.9:1"))
    assert other.code == 0
    assert await client.route("TopicA") is not None  # another address holds the id
    answer = await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0))
    assert (answer.code, answer.ext or {}, answer.body) == (0, {}, None)
    assert await client.route("TopicA") is None
    gone = (await api.get("/v1/brokers/c/a/0")).json
    assert (gone["state"], gone["reason"]) == ("offline", "unregistered")
    assert (await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0))).code == 0
    missing = await client.call(RequestCode.UNREGISTER_BROKER, {"brokerName": "a"})
    assert missing.code == 1


async def test_a_broker_may_leave_under_the_id_that_it_had(client: RemotingClient) -> None:
    await client.register("a", 1)
    await client.call(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0, address="10.0.0.2:10911"))
    assert await client.route("TopicA") is None


async def test_one_more_topic(client: RemotingClient) -> None:
    code = RequestCode.REGISTER_TOPIC_IN_NAMESRV
    queues = {"brokerName": "a", "perm": 6, "readQueueNums": 3, "topicSysFlag": 0, "writeQueueNums": 5}
    body = fastjson.dumps({"brokerDatas": [], "filterServerTable": {}, "queueDatas": [queues]})
    assert (await client.call(code, {"topic": "More"}, body)).code == 0
    assert await client.route("More") is None  # there is no such group yet
    await client.register("a", 0)
    assert (await client.call(code, {"topic": "More"}, body)).code == 0
    assert (await client.route("More"))["queueDatas"] == [queues]
    assert await client.route("TopicA") is not None
    assert (await client.call(code, {"topic": "More"}, b'{"queueDatas":[]}')).code == 0
    assert (await client.call(code, {"topic": "More"})).code == 0
    assert (await client.call(code, {"topic": "More"}, b"{")).code == 1
    assert (await client.call(code, {}, body)).code == 1


async def test_a_topic_deleted_by_an_operator_stays_deleted_under_its_data_version(client: RemotingClient) -> None:
    await client.register("a", 0, TOPICS)
    await client.call(RequestCode.DELETE_TOPIC_IN_NAMESRV, {"topic": "TopicA", "clusterName": "c"})
    await client.register("a", 0, TOPICS)
    assert await client.route("TopicA") is None
    assert await client.route("TopicB") is not None
    await client.register("a", 0, TOPICS, version=NEWER)
    assert await client.route("TopicA") is not None


async def test_registering_through_two_nodes_at_once_is_one_registration(
    node: Node, node_factory: NodeFactory, client: RemotingClient, connect: Connect, api: Api
) -> None:
    other = await connect(await node_factory(node.settings.redis))
    await client.register("a", 0, TOPICS)
    before = (await api.get("/v1/brokers/c/a/0")).json["epoch"]
    assert (await other.register("a", 0, TOPICS)).code == 0
    assert (await client.register("a", 0, TOPICS)).code == 0
    assert (await api.get("/v1/brokers/c/a/0")).json["epoch"] == before
