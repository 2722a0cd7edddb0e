"""Which nodes have applied a change: an operator's "is it everywhere by now?"."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from nsredis.core.errors import TooFarBehind
from nsredis.core.node_info import NodeInfo
from nsredis.registry.change_feed import ChangeFeed
from nsredis.registry.presence import Presence
from nsredis.service import freshness
from nsredis.view.view import View

LOOK_S: Final = 0.25
"""How often one who waits looks whether there is still a reason to."""


@dataclass(frozen=True, slots=True)
class Convergence:
    """The live nodes by id, each with whether it has applied the revision."""

    revision: int
    nodes: list[tuple[NodeInfo, bool]]

    @property
    def converged(self) -> bool:
        """Whether all of them have."""
        return all(applied for _, applied in self.nodes)


class ConvergenceService:
    """Compares what the nodes say of themselves once a second. This node's own revision is exact."""

    def __init__(self, view: View, feed: ChangeFeed, presence: Presence) -> None:
        self._view = view
        self._feed = feed
        self._presence = presence

    async def reached(self, revision: int | None, *, wait_s: float, give_up: Callable[[], bool]) -> Convergence:
        """How far the nodes are with `revision`, None for the store's newest; StoreUnavailable when it must be asked.

        With `wait_s` it returns as soon as all have applied it, or at the end, or when `give_up` says so.
        """
        ends = time.monotonic() + wait_s
        tag = ""
        if revision is None:
            revision, tag = await freshness.head(self._feed)
        while True:
            found = self._look(revision, tag or self._tag_of(revision))
            left_s = min(LOOK_S, ends - time.monotonic())
            if found.converged or left_s <= 0 or give_up():
                return found
            await self._progress(revision, left_s)

    async def _progress(self, revision: int, timeout_s: float) -> None:
        """Wait for this node to get there, and then for news of the others, which come without asking Redis anew."""
        if self._view.revision >= revision:
            await self._presence.heard(timeout_s)
            return
        try:
            await self._view.wait_for(revision, timeout_s)
        except TooFarBehind:
            return

    def _look(self, revision: int, tag: str) -> Convergence:
        return Convergence(revision, [(node, _applied(node, revision, tag)) for node in self._presence.nodes()])

    def _tag_of(self, revision: int) -> str:
        """The mark of a revision, empty when this node does not know it."""
        state = self._view.state
        if state is None or revision > state.revision:
            return ""
        if revision == state.revision:
            return state.tag
        return next((change.tag for change in reversed(state.changes) if change.revision == revision), "")


def _applied(node: NodeInfo, revision: int, tag: str) -> bool:
    """A node at the very revision must also have its mark: another history may pass the same numbers."""
    return node.revision > revision or (node.revision == revision and (not tag or not node.tag or node.tag == tag))
