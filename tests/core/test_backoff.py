from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.backoff import backoff_s

CHANCES = st.floats(0, 1, exclude_max=True)


@given(st.integers(-1, 10**9), CHANCES)
def test_it_is_bounded_however_often_it_failed(failures: int, chance: float) -> None:
    assert 0.0 <= backoff_s(failures, chance, top_s=1.0) <= 1.0


@given(st.integers(1, 100), CHANCES)
def test_it_never_shrinks_as_failures_go_on(failures: int, chance: float) -> None:
    assert backoff_s(failures + 1, chance) >= backoff_s(failures, chance) > 0


def test_it_doubles_up_to_its_top() -> None:
    waits = [backoff_s(failures, 0.0, first_s=0.1, top_s=0.5) for failures in range(6)]
    assert waits == [0.0, 0.05, 0.1, 0.2, 0.25, 0.25]


def test_chance_spreads_it_over_the_upper_half() -> None:
    assert backoff_s(10, 0.0, top_s=1.0) == 0.5
    assert 0.99 < backoff_s(10, 0.999, top_s=1.0) <= 1.0
