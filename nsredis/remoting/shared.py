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
    unfinished: Budget
    shortcut: Shortcut | None = None
    """None too once clients are sent away."""
    going_away: bool = False
    """From now on clients that know GO_AWAY are told it."""
    connections: "set[Connection]" = field(default_factory=set)
    """Those that are open, or have requests without an answer."""
    malformed: Seldom = field(default_factory=lambda: Seldom(log, logging.WARNING))
    slow: Seldom = field(default_factory=lambda: Seldom(log, logging.WARNING))

    def make_room(self, of: "Connection") -> bool:
        """End the connection whose incomplete frame began first; False when it is `of`, the one that asks."""
        holders = (connection for connection in self.connections if connection.frame_since is not None)
        first = min(holders, key=lambda connection: connection.frame_since or 0.0, default=of)
        if first is of:
            return False
        self.slow.tell("the connection of %s is closed: frames that are not complete take too much memory", first.peer)
        first.abort("memory")
        return True
