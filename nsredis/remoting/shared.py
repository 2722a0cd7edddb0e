"""What all connections of a listening address have in common."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nsredis.remoting.door import Door, Shortcut
from nsredis.remoting.limits import Budget, Limits
from nsredis.remoting.observer import RemotingObserver
from nsredis.sockets.seldom import Seldom

if TYPE_CHECKING:
    from nsredis.remoting.connection import Connection

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Shared:
    """One object for all of them."""

    door: Door
    observer: RemotingObserver
    limits: Limits
    budget: Budget
    shortcut: Shortcut | None = None
    """None too once clients are sent away."""
    going_away: bool = False
    """From now on clients that know GO_AWAY are told it."""
    connections: "set[Connection]" = field(default_factory=set)
    """Those that are open, or have requests without an answer."""
    malformed: Seldom = field(default_factory=lambda: Seldom(log, logging.WARNING))
