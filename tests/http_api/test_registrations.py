import asyncio

import pytest

from nsredis.core.queues import QueueData
from nsredis.http_api.handlers.registrations import JsonTopics
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.shared_topics import are_shared

FULL = {
    "address": "10.0.0.5:10911",
    "haAddress": "10.0.0.5:10912",
    "leaseMs": 15000,
    "zone": "az1",
    "enableActingMaster": False,
    "dataVersion": {"stateVersion": 0, "timestamp": 1700000000000, "counter": 3},
    "topics": {"TopicA": {"readQueueNums": 8, "writeQueueNums": 8, "perm": 6, "topicSysFlag": 0}},
}
PLACE = "/v1/brokers/DefaultCluster/broker-a/0"


async def test_the_first_time_is_201_and_the_same_again_is_a_heartbeat(api: Api) -> None:
    first = await api.call("PUT", PLACE, FULL)
    assert first.status == 201
    assert first.json == {
        "cluster": "DefaultCluster",
        "brokerName": "broker-a",
        "brokerId": 0,
        "epoch": first.json["epoch"],
        "leaseMs": 15000,
        "heartbeatMs": 5000,
        "revision": first.json["revision"],
    }
    again = await api.call("PUT", PLACE, FULL)
    assert again.status == 200
    assert again.json == first.json
    assert (await api.get("/v1/brokers?consistency=strong")).revision == first.json["revision"]


async def test_only_the_address_is_needed(api: Api) -> None:
    reply = await api.call("PUT", PLACE, {"address": "[::1]:10911"})
    assert (reply.status, reply.json["leaseMs"]) == (201, 15000)
    assert (await api.get("/v1/topics")).json["items"] == []
    broker = (await api.get(PLACE)).json
    assert (broker["address"], broker["state"], broker["enableActingMaster"]) == ("[::1]:10911", "online", False)


async def test_topics_is_the_whole_table_and_no_topics_keeps_what_is_known(api: Api) -> None:
    await api.register("a", topics={"One": {}, "Two": {"perm": 4}})
    await api.register("a", topics={"Two": {"perm": 4}, "Three": {}})
    assert (await api.get("/v1/topics")).json["items"] == ["Three", "Two"]
    await api.call("PUT", "/v1/brokers/c/a/0", {"address": "10.0.0.1:10911", "zone": "az2"})
    assert (await api.get("/v1/topics")).json["items"] == ["Three", "Two"]
    assert (await api.get("/v1/brokers/c/a/0")).json["zone"] == "az2"
    await api.register("a", topics={})
    assert (await api.get("/v1/topics")).json["items"] == []


def test_names_and_queues_are_shared_from_body_to_body() -> None:
    one, other = (JsonTopics(b'{"Topic-A":{"perm":4},"Topic-B":{}}', "").decode({}) for _ in range(2))
    assert one == {"Topic-A": QueueData(8, 8, 4), "Topic-B": QueueData()}
    assert are_shared(one, other)


async def test_a_slave_hears_of_its_master_and_does_not_write_the_table(api: Api) -> None:
    await api.register("a", haAddress="10.0.0.1:10912", topics={"One": {}})
    slave = await api.register("a", 1, topics={"Other": {}})
    assert slave.json["masterAddress"] == "10.0.0.1:10911"
    assert slave.json["haAddress"] == "10.0.0.1:10912"
    assert (await api.get("/v1/topics")).json["items"] == ["One"]
    addresses = (await api.route("One")).json["brokerDatas"][0]["brokerAddrs"]
    assert addresses == {"0": "10.0.0.1:10911", "1": "10.0.0.2:10911"}
    refused = await api.call("PATCH", "/v1/brokers/c/a/1/topics", {"put": {"Two": {}}})
    assert (refused.status, refused.json["code"]) == (409, "not-table-owner")


async def test_a_new_instance_or_address_is_a_new_epoch_and_a_refresh_is_not(api: Api) -> None:
    epochs = [
        (await api.register("a", **body)).json["epoch"]  # type: ignore[arg-type]
        for body in (
            {"instance": "p1"},
            {"instance": "p1", "zone": "z"},
            {"zone": "z"},
            {"instance": "p2"},
            {"instance": "p2", "address": "10.9.9.9:1"},
        )
    ]
    assert epochs[0] == epochs[1] == epochs[2] < epochs[3] < epochs[4]
    refused = await api.register("a", instance="p2", address="10.9.9.9:1", epoch=epochs[0])
    assert (refused.status, refused.json["code"]) == (409, "stale-epoch")


async def test_a_name_belongs_to_one_cluster_while_it_lives(api: Api) -> None:
    await api.register("a", cluster="one")
    refused = await api.register("a", cluster="two")
    assert (refused.status, refused.json["code"]) == (409, "name-owned")
    assert "one" in refused.json["detail"]
    assert (await api.call("DELETE", "/v1/brokers/one/a/0")).status == 204
    assert (await api.register("a", cluster="two")).status == 201


async def test_a_lower_state_version_does_not_take_an_address(api: Api) -> None:
    await api.register("a", dataVersion={"stateVersion": 5})
    refused = await api.register("a", address="10.7.7.7:1", dataVersion={"stateVersion": 4})
    assert (refused.status, refused.json["code"]) == (409, "stale-state")
    assert (await api.get("/v1/brokers/c/a/0")).json["address"] == "10.0.0.1:10911"


async def test_two_that_fight_for_an_address_freeze_on_one(api: Api) -> None:
    statuses = [(await api.register("a", address=f"10.0.{i % 2}.1:1")).status for i in range(8)]
    assert statuses[0] == 201
    refused = await api.register("a", address="10.0.2.1:1")
    assert (refused.status, refused.json["code"]) == (409, "address-frozen")
    held = (await api.get("/v1/brokers/c/a/0")).json["address"]
    assert held in refused.json["detail"]
    assert (await api.register("a", address=held)).status == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": None}, "address"),
        ({"address": "nowhere"}, "address"),
        ({"address": "host:70000"}, "address"),
        ({"haAddress": "x"}, "haAddress"),
        ({"leaseMs": 999}, "leaseMs"),
        ({"leaseMs": "long"}, "leaseMs"),
        ({"instance": "x" * 256}, "instance"),
        ({"epoch": -1}, "epoch"),
        ({"adress": "10.0.0.1:1"}, "adress"),
        ({"zone": "az\x1b[2J"}, "zone"),
        ({"instance": "one\ntwo"}, "instance"),
        ({"topics": []}, "topics"),
        ({"topics": {"Good": {}, "A b": {}}}, "topics.A b"),
        ({"topics": {"": {}}}, 'topics.""'),
        ({"topics": {"T" * 128: {}}}, f"topics.{'T' * 127}…"),
        ({"topics": {"Good": {}, "Bad": {"perm": 16}}}, "topics.Bad.perm"),
        ({"topics": {"Good": {}, "Bad": {"readQueueNums": -1}}}, "topics.Bad.readQueueNums"),
        ({"topics": {"Bad": {"queues": 4}}}, "topics.Bad.queues"),
        ({"topics": {"Bad": 7}}, "topics.Bad"),
        ({"dataVersion": {"counter": "x"}}, "dataVersion.counter"),
    ],
)
async def test_what_breaks_a_rule_is_named_and_changes_nothing(api: Api, change: dict[str, object], field: str) -> None:
    for broker_id in (0, 1):  # a slave's topics are not used, but wrong ones are refused all the same
        reply = await api.call("PUT", f"/v1/brokers/c/a/{broker_id}", FULL | change)
        assert (reply.status, reply.json["code"], reply.json["field"]) == (422, "invalid-field", field)
        assert reply.json["detail"].startswith(f"{field}: ")
    assert (await api.get("/v1/brokers")).json["items"] == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/brokers/c/a/x", "brokerId"),
        ("/v1/brokers/c/a/-1", "brokerId"),
        ("/v1/brokers/c/a/9223372036854775808", "brokerId"),
        ("/v1/brokers/c%20c/a/0", "cluster"),
        (f"/v1/brokers/c/{'a' * 256}/0", "brokerName"),
    ],
)
async def test_the_path_has_rules_too(api: Api, path: str, field: str) -> None:
    reply = await api.call("PUT", path, FULL)
    assert (reply.status, reply.json["field"]) == (422, field)


async def test_patch_changes_some_topics_and_leaves_the_others(api: Api) -> None:
    await api.register("a", topics={"Keep": {}, "Drop": {}, "Alter": {}})
    path = "/v1/brokers/c/a/0/topics"
    reply = await api.call("PATCH", path, {"put": {"Alter": {"perm": 4}, "New": {}}, "delete": ["Drop", "Unknown"]})
    assert reply.status == 200
    assert (await api.get("/v1/topics")).json["items"] == ["Alter", "Keep", "New"]
    assert (await api.route("Alter")).json["queueDatas"][0]["perm"] == 4
    assert (await api.get("/v1/topics")).revision == reply.json["revision"]
    same = await api.call("PATCH", path, {"put": {"New": {}}})
    assert same.json == reply.json, "nothing changed, so there is no new revision"
    assert (await api.call("PATCH", "/v1/brokers/c/b/0/topics", {"put": {"T": {}}})).json["code"] == "broker-not-found"
    assert (await api.call("PATCH", path, {"put": {"T": {}}, "delete": ["T"]})).json["field"] == "delete.T"
    for bad, field in (
        ({"A b": {}}, "put.A b"),
        ({"": {}}, 'put.""'),
        ({"T" * 128: {}}, f"put.{'T' * 127}…"),
        ({"Bad": {"perm": 16}}, "put.Bad.perm"),
        ({"Bad": {"queues": 4}}, "put.Bad.queues"),
        ({"Bad": 7}, "put.Bad"),
        (7, "put"),
    ):
        reply = await api.call("PATCH", path, {"put": bad})
        assert (reply.status, reply.json["field"]) == (422, field)
    assert (await api.call("PATCH", path, {"put": {"T": {"perm": 99}}})).status == 422


async def test_concurrent_patches_lose_nothing(api: Api) -> None:
    await api.register("a", topics={})
    path = "/v1/brokers/c/a/0/topics"
    replies = await asyncio.gather(*(api.call("PATCH", path, {"put": {f"T{i}": {}}}) for i in range(20)))
    assert {reply.status for reply in replies} == {200}
    assert (await api.get("/v1/topics?consistency=strong")).json["items"] == sorted(f"T{i}" for i in range(20))


async def test_a_heartbeat_renews_and_an_unknown_broker_registers_again(api: Api) -> None:
    epoch = (await api.register("a", leaseMs=60_000)).json["epoch"]
    before = (await api.get("/v1/brokers/c/a/0?live=1")).json

    async def renewed() -> bool:
        assert (await api.beat("a")).status == 204
        assert (await api.beat("a", epoch=epoch)).status == 204
        return bool((await api.get("/v1/brokers/c/a/0?live=1")).json["lastBeatMs"] > before["lastBeatMs"])

    await eventually(renewed)
    live = (await api.get("/v1/brokers/c/a/0?live=1")).json
    assert 50_000 < live["leaseLeftMs"] <= 60_000
    unknown = await api.beat("b")
    assert (unknown.status, unknown.json["code"]) == (404, "broker-not-found")
    assert (await api.beat("a", cluster="other")).status == 404


async def test_many_heartbeats_are_answered_in_order(api: Api) -> None:
    epoch = (await api.register("a")).json["epoch"]
    await api.register("b")
    items = [
        {"cluster": "c", "brokerName": "a", "brokerId": 0},
        {"cluster": "c", "brokerName": "nobody", "brokerId": 0},
        {"cluster": "c", "brokerName": "b", "brokerId": 0},
        {"cluster": "c", "brokerName": "a", "brokerId": 0, "epoch": epoch - 1},
        {"cluster": "c", "brokerName": "a", "brokerId": 0, "epoch": epoch},
    ]
    reply = await api.call("POST", "/v1/heartbeats", {"brokers": items})
    assert reply.status == 200
    assert [item["status"] for item in reply.json["items"]] == [204, 404, 204, 409, 204]
    assert reply.json["items"][3]["code"] == "stale-epoch"
    bad = await api.call("POST", "/v1/heartbeats", {"brokers": [{"cluster": "c", "brokerName": "a"}]})
    assert (bad.status, bad.json["field"]) == (422, "brokers[0].brokerId")


async def test_leaving_is_idempotent_and_fenced(api: Api) -> None:
    epoch = (await api.register("a")).json["epoch"]
    assert (await api.call("DELETE", f"/v1/brokers/c/a/0?epoch={epoch - 1}")).status == 409
    assert (await api.route("TopicA")).status == 200
    for _ in range(2):
        assert (await api.call("DELETE", f"/v1/brokers/c/a/0?epoch={epoch}")).status == 204
    assert (await api.route("TopicA")).status == 404
    gone = (await api.get("/v1/brokers/c/a/0")).json
    assert (gone["state"], gone["reason"], gone["by"]) == ("offline", "unregistered", "http 127.0.0.1")
    back = await api.register("a")
    assert back.status == 201
    assert back.json["epoch"] > epoch
