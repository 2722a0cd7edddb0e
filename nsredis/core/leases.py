"""Lease arithmetic: how long a broker counts as alive, how often it beats, how often nodes sweep."""

from typing import Final

from nsredis.core.errors import InvalidField

DEFAULT_LEASE_MS: Final = 15_000
MIN_LEASE_MS: Final = 1_000
MAX_LEASE_MS: Final = 3_600_000

SWEEP_EVERY_S: Final = 0.2


def check_lease_ms(field: str, lease_ms: int) -> int:
    """The lease itself when it is in range; InvalidField otherwise."""
    if not MIN_LEASE_MS <= lease_ms <= MAX_LEASE_MS:
        raise InvalidField(field, f"must be from {MIN_LEASE_MS} to {MAX_LEASE_MS}")
    return lease_ms


def heartbeat_ms(lease_ms: int) -> int:
    """The rhythm to beat at: three beats in a lease, so that two may get lost."""
    return lease_ms // 3


def sweep_pause_s(chance: float) -> float:
    """Seconds until this node's next sweep; `chance` in [0, 1) spreads the nodes so that they do not run in step."""
    return SWEEP_EVERY_S * (0.7 + 0.3 * chance)
