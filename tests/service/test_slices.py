"""A burst of work leaves the loop to others now and then."""

import asyncio
import itertools
import time
from functools import partial

import pytest

from nsredis.service.slices import Slices


def busy(done: list[int], number: int) -> int:
    """A millisecond of work."""
    ends = time.perf_counter() + 0.001
    while time.perf_counter() < ends:
        pass
    done.append(number)
    return number


async def test_others_have_their_turn_while_a_burst_is_worked_off_in_order() -> None:
    slices = Slices(slice_s=0.003)
    done: list[int] = []
    burst = asyncio.gather(*(slices.run(partial(busy, done, number)) for number in range(60)))
    seen = []
    while not burst.done():
        await asyncio.sleep(0)
        seen.append(len(done))
    assert await burst == done == list(range(60))
    steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
    assert max(steps) <= 3  # of a millisecond each, at the least
    assert len({count for count in seen if 0 < count < 60}) >= 19


async def test_an_error_is_raised_where_the_work_was_brought_and_nowhere_else() -> None:
    slices = Slices()

    def fails() -> int:
        raise ValueError("bad")

    first, second, third = await asyncio.gather(
        slices.run(lambda: 1), slices.run(fails), slices.run(lambda: 3), return_exceptions=True
    )
    assert (first, str(second), third) == (1, "bad", 3)
    with pytest.raises(ValueError, match="bad"):
        await slices.run(fails)


async def test_what_was_given_up_is_left_out() -> None:
    slices = Slices()
    done: list[int] = []
    given_up = asyncio.create_task(slices.run(partial(busy, done, 1)))
    kept = asyncio.create_task(slices.run(partial(busy, done, 2)))
    await asyncio.sleep(0)  # both have brought their work
    given_up.cancel()
    assert await kept == 2
    await asyncio.wait({given_up})
    assert given_up.cancelled()
    assert done == [2]
