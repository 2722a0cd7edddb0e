"""When a node is cut off alone: its writes fail, while its peers' succeed."""

from typing import Final

CUT_OFF_MS: Final = 2000
"""Writes must have failed for so long."""

ASK_FROM_MS: Final = 1000
"""Peers are asked from here on, so that their word is fresh when it counts."""

WELL_MS: Final = 1000
"""A peer whose last write is older than this may be about to find that it is cut off too."""


WELL_FOR_MS: Final = 1000
"""A peer must have been well for so long: when the store comes back, one node writes again before the other."""


def is_well(status: int, stale_ms: int, unwritten_ms: int) -> bool:
    """Whether a peer is one to go to: ready, following the store, and writing to it.

    Following alone is not enough: a store that takes no writes from anybody would make every node unready.
    """
    return status == 200 and stale_ms == 0 and unwritten_ms <= WELL_MS


def is_cut_off(unwritten_ms: int, well_for_ms: int) -> bool:
    """Whether this node is cut off alone: `well_for_ms` is how long some peer has been well, 0 when none is.

    Where nobody is well, all stay ready: none is better than another.
    """
    return unwritten_ms >= CUT_OFF_MS and well_for_ms >= WELL_FOR_MS
