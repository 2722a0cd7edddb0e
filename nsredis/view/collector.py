"""Python's garbage collector, while a node reads very much that will stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

NEVER: Final = 2**31 - 1

_full_before: Final[list[int]] = []


@contextmanager
def out_of_sight() -> Iterator[None]:
    """Keep what is read out of the collector's sight: it would visit every row, 100 ms at half a million topics or at
    50,000 brokers, and do so again and again until all is read.

    Nodes of one process may read at the same time: the last of them brings back the full collections.
    """
    young, middle, full = gc.get_threshold()
    _full_before.append(full)
    gc.set_threshold(young, middle, NEVER)
    try:
        yield
        gc.collect(1)
        gc.freeze()
    finally:
        gc.set_threshold(young, middle, _full_before.pop())
