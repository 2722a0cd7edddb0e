"""The garbage collector while several nodes of one process read."""

import gc
from collections.abc import Iterator

import pytest

from nsredis.view.collector import NEVER, out_of_sight

THRESHOLDS = (600, 9, 8)


@pytest.fixture(autouse=True)
def own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("first_ends_first", [True, False])
def test_the_last_of_several_readers_brings_back_the_full_collections(*, first_ends_first: bool) -> None:
    readers = [out_of_sight(), out_of_sight()]
    for reader in readers:
        reader.__enter__()
        assert gc.get_threshold() == (600, 9, NEVER)
    one, other = readers if first_ends_first else reversed(readers)
    one.__exit__(None, None, None)
    assert gc.get_threshold() == (600, 9, NEVER)
    other.__exit__(None, None, None)
    assert gc.get_threshold() == THRESHOLDS
