"""The expiry brake: where a large share of a cluster falls silent together, that is doubted, and removal waits."""

from dataclasses import dataclass
from typing import Final

from nsredis.core.brokers import Broker

HOLD_LEASES: Final = 10
HOLD_MOST_MS: Final = 30 * 60_000
"""A broker is held for so many of its leases, and no longer than this."""

WINDOW_MOST_MS: Final = 2 * 60_000
"""What expired is counted over the longest lease in the cluster, and no longer than this."""


def held_until_ms(broker: Broker) -> int:
    """When a broker that is held goes at the latest, unless it beats before."""
    return broker.held_at_ms + min(HOLD_LEASES * broker.lease_ms, HOLD_MOST_MS)


@dataclass(frozen=True, slots=True)
class Brake:
    """The brake where it is engaged, with what was counted when that happened: brokers silent, and expired lately.

    `let_go_at_ms`: since when an operator has been letting go who is held; 0: nobody has said so.
    """

    cluster: str
    since_ms: int
    why: str
    by: str
    silent: int
    expired: int
    brokers: int
    window_ms: int
    revision: int
    let_go_at_ms: int = 0
    let_go_by: str = ""
