import pytest

from nsredis.core.brake import held_until_ms
from nsredis.core.brokers import Broker


@pytest.mark.parametrize(
    ("lease_ms", "most_ms"), [(1000, 10_000), (15_000, 150_000), (180_000, 1_800_000), (3_600_000, 1_800_000)]
)
def test_a_broker_is_held_for_ten_leases_or_half_an_hour(lease_ms: int, most_ms: int) -> None:
    broker = Broker("c", "a", 0, "10.0.0.1:10911", 1, lease_ms, 1, 1, held_at_ms=5)
    assert held_until_ms(broker) == 5 + most_ms
