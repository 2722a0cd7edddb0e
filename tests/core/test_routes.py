from dataclasses import replace
from typing import Any

import pytest

from nsredis.core.brokers import Broker, Group, Override
from nsredis.core.namespace_settings import NamespaceSettings
from nsredis.core.queues import QueueData
from nsredis.core.routes import Offer, broker_data, in_zone, topic_route

DEFAULTS = NamespaceSettings()
ACTING = NamespaceSettings(support_acting_master=True)


def _offer(
    name: str = "a", ids: tuple[int, ...] = (0, 1), override: int | None = None, perm: int = 6, **lead: Any
) -> Offer:
    addresses = {broker_id: f"10.0.0.{broker_id}:1" for broker_id in ids}
    group = Group(name, "c", addresses, Override(override) if override is not None else None)
    broker = Broker("c", name, min(ids), "h:1", 1, 15_000, 0, 1, **lead) if ids else None
    return Offer(group, broker, QueueData(4, 8, perm, 2))


def test_a_route_is_rocketmqs_topic_route_data() -> None:
    assert topic_route("T", [_offer("a"), _offer("b", (0,), zone="z")], DEFAULTS) == {
        "brokerDatas": [
            {
                "brokerAddrs": {"0": "10.0.0.0:1", "1": "10.0.0.1:1"},
                "brokerName": "a",
                "cluster": "c",
                "enableActingMaster": False,
            },
            {
                "brokerAddrs": {"0": "10.0.0.0:1"},
                "brokerName": "b",
                "cluster": "c",
                "enableActingMaster": False,
                "zoneName": "z",
            },
        ],
        "filterServerTable": {},
        "queueDatas": [
            {"brokerName": name, "perm": 6, "readQueueNums": 4, "topicSysFlag": 2, "writeQueueNums": 8}
            for name in ("a", "b")
        ],
    }


def test_no_group_with_an_address_is_no_route() -> None:
    assert topic_route("T", [], DEFAULTS) is None
    assert topic_route("T", [_offer(ids=())], DEFAULTS) is None


def test_a_group_without_an_address_is_left_out() -> None:
    route = topic_route("T", [_offer("a", ids=()), _offer("b")], DEFAULTS)
    assert route is not None
    assert [queues["brokerName"] for queues in route["queueDatas"]] == ["b"]
    assert [data["brokerName"] for data in route["brokerDatas"]] == ["b"]


@pytest.mark.parametrize(("perm", "override", "seen"), [(6, 4, 4), (6, 6, 6), (4, 2, 0), (7, 6, 6), (6, 0, 0)])
def test_an_override_only_takes_away(perm: int, override: int, seen: int) -> None:
    assert _offer(perm=perm, override=override).permitted.perm == seen


def test_a_group_that_acts_for_its_master_is_read_only() -> None:
    assert _offer(ids=(1, 2), acting_master=True).permitted.perm == 4
    assert _offer(ids=(0, 1), acting_master=True).permitted.perm == 6
    assert _offer(ids=(1, 2)).permitted.perm == 6


def _addresses(route: dict[str, Any] | None) -> dict[str, str]:
    assert route is not None
    addresses: dict[str, str] = route["brokerDatas"][0]["brokerAddrs"]
    return addresses


def test_the_lowest_slave_stands_in_as_master_where_the_namespace_says_so() -> None:
    offer = _offer(ids=(1, 2), acting_master=True)
    own = {"1": "10.0.0.1:1", "2": "10.0.0.2:1"}
    assert _addresses(topic_route("T", [offer], ACTING)) == {"0": "10.0.0.1:1", "2": "10.0.0.2:1"}
    assert _addresses(topic_route("T", [offer], DEFAULTS)) == own
    assert _addresses(topic_route("rmq_sys_SYNC_BROKER_MEMBER_a", [offer], ACTING)) == own
    assert _addresses(topic_route("T", [_offer(ids=(1, 2))], ACTING)) == own
    assert "0" in _addresses(topic_route("T", [_offer(ids=(0, 2), acting_master=True)], ACTING))
    assert offer.group.addresses == {1: "10.0.0.1:1", 2: "10.0.0.2:1"}  # what others share is not changed


def test_the_order_of_ordered_topics_is_told_where_the_namespace_says_so() -> None:
    on = NamespaceSettings(order_message_enable=True)
    route = topic_route("T", [_offer()], on, order_conf="a:4")
    assert route is not None
    assert route["orderTopicConf"] == "a:4"
    for settings, conf in ((DEFAULTS, "a:4"), (on, None)):
        assert "orderTopicConf" not in (topic_route("T", [_offer()], settings, order_conf=conf) or {})


def test_a_group_without_a_record_speaks_for_itself() -> None:
    assert broker_data(Group("a", "c", {0: "h:1"}), None) == {
        "brokerAddrs": {"0": "h:1"},
        "brokerName": "a",
        "cluster": "c",
        "enableActingMaster": False,
    }


def test_a_zone_keeps_its_own_and_groups_without_a_master() -> None:
    mine, other, orphan = _offer("a", zone="Z1"), _offer("b", zone="z2"), _offer("c", ids=(1,), zone="z2")
    nowhere = _offer("d")
    assert in_zone([mine, other, orphan, nowhere], "z1") == [mine, orphan]


def test_static_topics_and_filter_servers_stand_in_the_route() -> None:
    offer = replace(_offer("a"), mapping='{"bname":"a","totalQueues":4}', filter_servers={"10.0.0.0:1": ("f:1",)})
    route = topic_route("T", [offer, _offer("b")], DEFAULTS)
    assert route is not None
    assert route["topicQueueMappingByBroker"] == {"a": {"bname": "a", "totalQueues": 4}}
    assert route["filterServerTable"] == {"10.0.0.0:1": ["f:1"]}
