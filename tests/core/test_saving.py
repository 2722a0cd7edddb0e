import pytest

from nsredis.core.saving import EVERY_S, pause_s, refresh_s, usable

HOUR_MS = 3_600_000


def test_saving_takes_a_small_share_of_the_time() -> None:
    assert pause_s(0.0) == pause_s(0.05) == EVERY_S
    assert pause_s(1.0) == 50.0


def test_the_age_of_a_view_that_does_not_change_stays_true() -> None:
    assert refresh_s(HOUR_MS) == 60.0
    assert refresh_s(20_000) == 5.0


@pytest.mark.parametrize("age_ms", [-60_000, 0, HOUR_MS])
def test_a_young_one_is_served_also_when_the_clock_was_corrected(age_ms: int) -> None:
    assert usable(age_ms, HOUR_MS) == ""


def test_an_old_one_and_one_from_the_future_are_not() -> None:
    assert usable(HOUR_MS + 1, HOUR_MS) == "it is 3600 s old, and at most 3600 s are allowed"
    assert usable(-60_001, HOUR_MS) == "it is from the future"
