import dataclasses

import pytest

from nsredis.core.brokers import Broker, BrokerKey, DataVersion, Group, OfflineBroker, Registration


def test_brokers_are_known_by_name_and_id_alone() -> None:
    key = BrokerKey("broker-a", 1)
    assert Registration("c", "broker-a", 1, "h:1").key == key
    assert Broker("c", "broker-a", 1, "h:1", 5, 15_000, 0, 1).key == key
    assert OfflineBroker("c", "broker-a", 1, "h:1", 5, "expired", "n", 0, 0).key == key


def test_keys_sort_by_name_and_then_by_number() -> None:
    keys = [BrokerKey("b", 0), BrokerKey("a", 10), BrokerKey("a", 9)]
    assert sorted(keys) == [BrokerKey("a", 9), BrokerKey("a", 10), BrokerKey("b", 0)]


def test_data_versions_are_equal_when_all_three_are() -> None:
    assert DataVersion(1, 2, 3) == DataVersion(1, 2, 3)
    assert len({DataVersion(1, 2, 3), DataVersion(9, 2, 3), DataVersion(1, 9, 3), DataVersion(1, 2, 9)}) == 4


def test_what_readers_share_cannot_be_changed() -> None:
    group = Group("broker-a", "c", {0: "h:1"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        group.cluster = "other"  # type: ignore[misc]


def test_a_registration_says_no_more_than_it_must() -> None:
    least = Registration("c", "broker-a", 0, "h:1")
    assert (least.topics, least.epoch, least.lease_ms, least.data_version) == (None, None, None, None)
    assert least.replaces_table
