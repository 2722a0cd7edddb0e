import random

import pytest

from tests.histories.flat import flatness, slope

TIMES = [10.0 * i for i in range(90)]


def test_noise_around_a_level_is_flat() -> None:
    draw = random.Random(1)
    found = flatness(TIMES, [60 + draw.uniform(-2, 2) for _ in TIMES], share=0.03, margin=1)
    assert found is not None
    assert found.flat
    assert found.middle == pytest.approx(60, abs=1)


def test_growth_while_it_warms_up_is_forgiven_and_steady_growth_is_not() -> None:
    warm = flatness(TIMES, [min(60, 20 + 2 * i) for i in range(90)], share=0.03, margin=1)
    assert warm is not None
    assert warm.flat
    leak = flatness(TIMES, [60 + i / 10 for i in range(90)], share=0.03, margin=1)
    assert leak is not None
    assert not leak.flat
    assert leak.an_hour == pytest.approx(36)


def test_a_few_samples_tell_nothing() -> None:
    assert flatness(TIMES[:8], [1.0] * 8, share=0.1, margin=1) is None


def test_one_outlier_does_not_tilt_the_slope() -> None:
    assert slope(TIMES, [5.0] * 89 + [500.0]) == 0
    assert slope([], []) == 0
