import pytest

from nsredis.core.cut_off import ASK_FROM_MS, CUT_OFF_MS, WELL_FOR_MS, WELL_MS, is_cut_off, is_well


@pytest.mark.parametrize(
    ("unwritten_ms", "well_for_ms", "cut"),
    [
        (CUT_OFF_MS, WELL_FOR_MS, True),
        (60_000, 60_000, True),
        (CUT_OFF_MS - 1, 60_000, False),
        (60_000, WELL_FOR_MS - 1, False),  # the store is back, and a peer was first to write
        (60_000, 0, False),
        (0, 60_000, False),
    ],
)
def test_a_node_is_cut_off_when_its_writes_fail_for_two_seconds_and_a_peer_is_well(
    unwritten_ms: int, well_for_ms: int, *, cut: bool
) -> None:
    assert is_cut_off(unwritten_ms, well_for_ms) is cut


@pytest.mark.parametrize(
    ("status", "stale_ms", "unwritten_ms", "well"),
    [(200, 0, 0, True), (200, 0, WELL_MS, True), (200, 0, WELL_MS + 1, False), (200, 1, 0, False), (503, 0, 0, False)],
)
def test_a_peer_is_well_when_it_is_ready_follows_and_writes(
    status: int, stale_ms: int, unwritten_ms: int, *, well: bool
) -> None:
    assert is_well(status, stale_ms, unwritten_ms) is well


def test_two_nodes_that_are_cut_off_in_the_same_second_do_not_think_each_other_well() -> None:
    assert ASK_FROM_MS <= CUT_OFF_MS - WELL_MS
