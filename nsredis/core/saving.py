"""When the view is saved on disk, and whether what was saved may be served."""

from typing import Final

EVERY_S: Final = 5.0
SHARE: Final = 0.02
"""Saving takes at most so much of the time: a large view that changes all the time is saved less often."""

REFRESH_S: Final = 60.0
AHEAD_MS: Final = 60_000
"""A file from further in the future than this says that the clock was set back: nobody knows how old it is."""


def pause_s(took_s: float) -> float:
    """How long to wait after a save that took so long."""
    return max(EVERY_S, took_s / SHARE)


def refresh_s(max_age_ms: int) -> float:
    """How often a view that does not change is saved again, so that its age stays true."""
    return min(REFRESH_S, max_age_ms / 4000)


def usable(age_ms: int, max_age_ms: int) -> str:
    """Empty when a view of this age may be served; else why not."""
    if age_ms < -AHEAD_MS:
        return "it is from the future"
    if age_ms > max_age_ms:
        return f"it is {age_ms // 1000} s old, and at most {max_age_ms // 1000} s are allowed"
    return ""
