"""Reading one's own writes: a write is answered when this node's view has it, or soon after."""

from typing import Final

from nsredis.core.errors import TooFarBehind
from nsredis.view.view import View

PATIENCE_S: Final = 0.5
"""The change is made in the store whether or not this view follows; its writer is not kept for longer."""


class OwnWrites:
    """Waits for a view to show what was written through it."""

    def __init__(self, view: View) -> None:
        self._view = view

    async def seen(self, revision: int) -> None:
        """Return when the view has applied `revision`, or when that takes too long."""
        if self._view.state is None:
            return
        try:
            await self._view.wait_for(revision, PATIENCE_S)
        except TooFarBehind:
            return
