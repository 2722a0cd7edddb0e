"""How long to wait before the next try of something that is never given up."""


def backoff_s(failures: int, chance: float, *, first_s: float = 0.05, top_s: float = 1.0) -> float:
    """Seconds to wait after `failures` failures in a row: doubling, bounded, spread by `chance` in [0, 1)."""
    whole = min(top_s, first_s * 2.0 ** min(failures - 1, 16)) if failures > 0 else 0.0
    return whole * (0.5 + 0.5 * chance)
