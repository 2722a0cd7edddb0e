import asyncio
from urllib.parse import quote

import orjson
import pytest

from tests.support.api import Api


async def test_a_route_is_rocketmqs_own_object_with_sorted_keys(api: Api) -> None:
    await api.register("b", address="10.0.0.2:1", zone="az1", topics={"T": {"perm": 4, "topicSysFlag": 3}})
    await api.register("a", address="10.0.0.1:1", topics={"T": {"readQueueNums": 16}})
    reply = await api.route("T")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.body == orjson.dumps(
        {
            "brokerDatas": [
                {
                    "brokerAddrs": {"0": "10.0.0.1:1"},
                    "brokerName": "a",
                    "cluster": "c",
                    "enableActingMaster": False,
                },
                {
                    "brokerAddrs": {"0": "10.0.0.2:1"},
                    "brokerName": "b",
                    "cluster": "c",
                    "enableActingMaster": False,
                    "zoneName": "az1",
                },
            ],
            "filterServerTable": {},
            "queueDatas": [
                {"brokerName": "a", "perm": 6, "readQueueNums": 16, "topicSysFlag": 0, "writeQueueNums": 8},
                {"brokerName": "b", "perm": 4, "readQueueNums": 8, "topicSysFlag": 3, "writeQueueNums": 8},
            ],
        }
    )


async def test_a_group_without_a_master_that_may_act_as_one_is_read_only(api: Api) -> None:
    await api.register("a", enableActingMaster=True)
    await api.register("a", 1, enableActingMaster=True)
    assert (await api.route("TopicA")).json["queueDatas"][0]["perm"] == 6
    await api.call("DELETE", "/v1/brokers/c/a/0")
    route = (await api.route("TopicA")).json
    assert route["queueDatas"][0]["perm"] == 4
    assert route["brokerDatas"][0]["brokerAddrs"] == {"1": "10.0.0.2:10911"}


@pytest.mark.parametrize("topic", ["%RETRY%group", "%DLQ%a-b", "a|b", "%25"])
async def test_names_with_url_characters_are_decoded_once(api: Api, topic: str) -> None:
    await api.register("a", topics={topic: {}})
    assert (await api.get(f"/v1/routes/{quote(topic, safe='')}")).status == 200
    assert (await api.get(f"/v1/routes?topic={quote(topic, safe='')}")).json["items"][topic] is not None
    assert (await api.get("/v1/topics")).json["items"] == [topic]
    assert (await api.call("DELETE", f"/v1/topics/{quote(topic, safe='')}")).status == 204
    assert (await api.get(f"/v1/routes/{quote(topic, safe='')}")).status == 404


async def test_many_routes_have_the_bytes_of_each(api: Api) -> None:
    await api.register("a", topics={"One": {}, "Two": {"perm": 4}})
    reply = await api.get("/v1/routes?topic=Two&topic=One&topic=None&topic=One")
    one, two = (await api.route("One")).body, (await api.route("Two")).body
    assert reply.body == b'{"items":{"None":null,"One":' + one + b',"Two":' + two + b"}}"
    missing = await api.get("/v1/routes")
    assert (missing.status, missing.json["field"]) == (422, "topic")


async def test_a_zone_keeps_its_own_brokers(api: Api) -> None:
    await api.register("a", zone="az1")
    await api.register("b", zone="az2")
    assert [data["brokerName"] for data in (await api.get("/v1/routes/TopicA?zone=az1")).json["brokerDatas"]] == ["a"]
    other = await api.get("/v1/routes/TopicA?zone=az3")
    assert (other.status, other.json["reason"]) == (404, "other-zone")


async def test_why_there_is_no_route(api: Api) -> None:
    await api.register("a", topics={"Gone": {}, "Kept": {}})
    unknown = await api.route("Unknown")
    assert (unknown.status, unknown.json["code"], unknown.json["reason"]) == (404, "topic-not-found", "unknown-topic")
    await api.call("DELETE", "/v1/topics/Gone")
    gone = await api.route("Gone")
    assert (gone.status, gone.json["reason"]) == (404, "deleted")


async def test_a_deleted_topic_stays_away_until_another_data_version_lists_it(api: Api) -> None:
    for name, cluster in (("a", "one"), ("b", "two")):
        await api.register(name, cluster=cluster, dataVersion={"counter": 1})
    assert (await api.call("DELETE", "/v1/topics?topic=TopicA&cluster=one")).status == 204
    assert await api.brokers_of("TopicA") == ["b"]
    await api.register("a", cluster="one", dataVersion={"counter": 1})
    assert await api.brokers_of("TopicA") == ["b"]
    await api.register("a", cluster="one", dataVersion={"counter": 2})
    assert await api.brokers_of("TopicA") == ["a", "b"]
    assert (await api.call("DELETE", "/v1/topics/Unknown")).status == 204


async def test_topics_by_cluster_and_prefix(api: Api) -> None:
    await api.register("a", cluster="one", topics={"order-1": {}, "pay-1": {}})
    await api.register("b", cluster="two", topics={"order-2": {}})
    assert (await api.get("/v1/topics")).json == {"items": ["order-1", "order-2", "pay-1"], "next": None}
    assert (await api.get("/v1/topics?prefix=order")).json["items"] == ["order-1", "order-2"]
    assert (await api.get("/v1/topics?cluster=one&prefix=order")).json["items"] == ["order-1"]
    clusters = (await api.get("/v1/clusters")).json["items"]
    assert [item["cluster"] for item in clusters] == ["one", "two"]
    assert clusters[0]["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.1:10911"}


@pytest.mark.parametrize("path", ["/v1/topics", "/v1/brokers", "/v1/clusters", "/v1/kv/ns", "/v1/events"])
async def test_pages_of_a_list_are_the_whole_list(api: Api, path: str) -> None:
    for i in range(5):
        await api.register(f"b{i}", cluster=f"c{i}", topics={f"T{i}": {}})
        await api.call("PUT", f"/v1/kv/ns/k{i}", {"value": ""})
    whole = (await api.get(f"{path}?limit=10000")).json
    assert whole["next"] is None
    pages, cursor = [], ""
    while True:
        page = (await api.get(f"{path}?limit=2&cursor={cursor}")).json
        assert 1 <= len(page["items"]) <= 2
        pages += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == whole["items"]
    assert (await api.get(f"{path}?cursor=%21%21")).json["field"] == "cursor"
    assert (await api.get(f"{path}?limit=0")).json["field"] == "limit"
    assert (await api.get(f"{path}?limti=1")).json["field"] == "limti"


async def test_a_read_waits_for_a_revision_that_its_reader_has_seen(api: Api) -> None:
    seen = (await api.register("a")).json["revision"]
    waiting = asyncio.create_task(api.get(f"/v1/routes/Later?minRevision={seen + 1}"))
    await api.register("b", topics={"Later": {}})
    assert (await waiting).status == 200
    behind = await api.get(f"/v1/topics?minRevision={seen + 1000}")
    assert (behind.status, behind.json["code"]) == (503, "too-far-behind")
    assert behind.headers["Retry-After"] == "1"
    assert (await api.get("/v1/topics?consistency=strong")).status == 200
    assert (await api.get("/v1/topics?consistency=weird")).json["field"] == "consistency"
    assert (await api.get("/v1/topics?minRevision=null")).json["field"] == "minRevision"


@pytest.mark.parametrize("query", ["cluster=", "cluster", "topic=TopicA&cluster="])
async def test_an_empty_cluster_is_not_every_cluster(api: Api, query: str) -> None:
    await api.register("a", topics={"TopicA": {}})
    place = "/v1/topics" if "topic" in query else "/v1/topics/TopicA"
    reply = await api.call("DELETE", f"{place}?{query}")
    assert (reply.status, reply.json["field"]) == (422, "cluster")
    assert reply.json["detail"] == "cluster: must not be empty"
    assert await api.brokers_of("TopicA") == ["a"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/topics?cluster=", "cluster"),
        ("/v1/topics?consistency=", "consistency"),
        ("/v1/topics?minRevision=", "minRevision"),
        ("/v1/topics?limit=", "limit"),
        ("/v1/routes?topic=", "topic"),
        ("/v1/routes?topic=TopicA&topic=", "topic"),
        ("/v1/watch?topic=", "topic"),
        ("/v1/watch?all=", "all"),
        ("/v1/brokers?live=", "live"),
        ("/v1/events?after=", "after"),
    ],
)
async def test_what_was_forgotten_is_not_what_is_left_out(api: Api, path: str, field: str) -> None:
    reply = await api.get(path)
    assert (reply.status, reply.json["field"]) == (422, field)


@pytest.mark.parametrize("path", ["/v1/topics?prefix=", "/v1/topics?cursor=", "/v1/routes/TopicA?zone="])
async def test_nothing_means_everything_only_where_it_does(api: Api, path: str) -> None:
    await api.register("a", topics={"TopicA": {}})
    assert (await api.get(path)).body == (await api.get(path.partition("?")[0])).body
