import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import BrokerKey
from nsredis.core.errors import InvalidField
from nsredis.registry.keyspace import Keyspace, broker_row, parse_member

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(NAMES, st.integers(0, 2**63 - 1))
def test_a_broker_is_found_again_in_its_member(name: str, broker_id: int) -> None:
    key = BrokerKey(name, broker_id)
    assert parse_member(broker_row(key).removeprefix("broker:")) == key


@given(NAMES)
def test_every_key_lies_in_the_namespaces_slot(name: str) -> None:
    keys = Keyspace("ns")
    key = BrokerKey(name, 1)
    made = [keys.broker(key), keys.lease(key), keys.offline(key), keys.group(name), keys.table(name), keys.kv(name)]
    assert len(set(made)) == len(made)
    for text in (*made, *keys.fixed.values(), keys.node("host:8080")):
        assert text.startswith("nsr:{ns}:")
        assert text.count("{") == text.count("}") == 1  # what Redis Cluster hashes


def test_names_in_keys_are_encoded() -> None:
    keys = Keyspace("ns")
    assert keys.broker(BrokerKey("a/b c", 7)) == "nsr:{ns}:broker:a%2Fb%20c/7"
    assert keys.table("%RETRY%g") == "nsr:{ns}:table:%25RETRY%25g"


@pytest.mark.parametrize("namespace", ["a", "A-b_c.9", "x" * 64])
def test_namespaces_that_may_be(namespace: str) -> None:
    assert Keyspace(namespace).prefix == f"nsr:{{{namespace}}}:"


@pytest.mark.parametrize("namespace", ["", "a b", "a}b", "a:b", "x" * 65, "ü", "a\n"])
def test_namespaces_that_may_not(namespace: str) -> None:
    with pytest.raises(InvalidField):
        Keyspace(namespace)


def test_the_events_are_those_of_our_leases_in_our_database() -> None:
    assert Keyspace("ns").lease_events(3) == "__keyspace@3__:nsr:{ns}:lease:*"
