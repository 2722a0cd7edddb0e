import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.errors import InvalidField
from nsredis.core.leases import (
    DEFAULT_LEASE_MS,
    MAX_LEASE_MS,
    MIN_LEASE_MS,
    SWEEP_EVERY_S,
    check_lease_ms,
    heartbeat_ms,
    sweep_pause_s,
)


@given(st.integers(MIN_LEASE_MS, MAX_LEASE_MS))
def test_two_beats_in_a_row_may_get_lost(lease_ms: int) -> None:
    assert check_lease_ms("leaseMs", lease_ms) == lease_ms
    assert 0 < 3 * heartbeat_ms(lease_ms) <= lease_ms


@pytest.mark.parametrize("lease_ms", [MIN_LEASE_MS - 1, MAX_LEASE_MS + 1, 0, -1])
def test_leases_out_of_range(lease_ms: int) -> None:
    with pytest.raises(InvalidField, match="leaseMs: must be from 1000 to 3600000"):
        check_lease_ms("leaseMs", lease_ms)


def test_the_default_is_in_range() -> None:
    assert check_lease_ms("leaseMs", DEFAULT_LEASE_MS) == 15_000


@given(st.floats(0, 1, exclude_max=True))
def test_a_node_sweeps_at_least_every_200_ms(chance: float) -> None:
    assert 0.1 < sweep_pause_s(chance) <= SWEEP_EVERY_S == 0.2


def test_nodes_do_not_run_in_step() -> None:
    assert sweep_pause_s(0.0) < sweep_pause_s(0.5) < sweep_pause_s(0.99)
