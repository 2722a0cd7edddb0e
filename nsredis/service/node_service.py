"""What a node knows of itself and of its peers."""

import asyncio

from nsredis.core.node_info import LostNode, NodeInfo
from nsredis.registry.presence import Presence
from nsredis.service.cut_off_watch import CutOffWatch
from nsredis.view.follower import Follower
from nsredis.view.view import View


class NodeService:
    """This node's health. `drained` is set while it is going away."""

    def __init__(self, node_id: str, view: View, follower: Follower, presence: Presence, watch: CutOffWatch) -> None:
        self.node_id = node_id
        self.drained = asyncio.Event()
        self._view = view
        self._follower = follower
        self._presence = presence
        self._watch = watch

    @property
    def draining(self) -> bool:
        """Whether this node is going away."""
        return self.drained.is_set()

    def nodes(self) -> list[NodeInfo]:
        """The live nodes by id, always with this one; the last list while the store is away."""
        return self._presence.nodes()

    def lost(self) -> list[LostNode]:
        """The nodes by id that fell silent within the last hour without saying that they go."""
        return self._presence.lost()

    def not_ready_reason(self) -> str | None:
        """None when this node is ready; else why it is not, in one sentence."""
        if self.draining:
            return "this node is going away"
        if self._view.state is None:
            return f"this node holds no view yet: {self._follower.problem}"
        if self._watch.cut_off:
            return "this node is cut off from the store while its peers reach it"
        return None

    def unwritten_ms(self) -> int:
        """How long ago the store last took a write of this node."""
        return self._watch.unwritten_ms

    def stale_ms(self) -> int:
        """0 while the view follows Redis; else the milliseconds since it was last known to match."""
        return self._view.stale_ms()

    def fresh_until(self) -> float:
        """Until when (monotonic seconds) the view counts as one that follows, whatever happens; else a time past."""
        return self._view.fresh_until()

    def store_reachable(self) -> bool:
        """Whether the last look at the store got an answer."""
        return self._follower.reachable
