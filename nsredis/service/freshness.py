"""Making sure that the view has what a caller must not miss."""

import asyncio
import time
from typing import Final

from nsredis.core.errors import NotReady, StoreUnavailable, TooFarBehind
from nsredis.registry.change_feed import ChangeFeed
from nsredis.view.view import View

STRONG_S: Final = 2.0
"""How long to wait for the revision that the view must have."""


async def head(feed: ChangeFeed) -> tuple[int, str]:
    """The newest revision and its mark, as Redis has them now. StoreUnavailable."""
    try:
        async with asyncio.timeout(STRONG_S):
            revision, tag = await feed.head()
    except TimeoutError:
        raise StoreUnavailable("the store does not answer") from None
    if revision == 0:
        raise StoreUnavailable("the store has lost the namespace; it is being put back")
    return revision, tag


async def at_least(view: View, feed: ChangeFeed, *, revision: int | None = None, strong: bool = False) -> None:
    """Return when the view has `revision`, and with `strong` all that was acknowledged until now.

    NotReady without a view; StoreUnavailable or TooFarBehind when that cannot be had in time.
    """
    ends = time.monotonic() + STRONG_S
    if view.state is None:
        raise NotReady("this node holds no view yet")
    if view.saved and (strong or revision is not None):
        raise StoreUnavailable("the store does not answer; this node serves a view from disk")
    if strong:
        newest, _ = await head(feed)
        revision = max(revision or 0, newest)
    if revision is not None:
        left_s = ends - time.monotonic()
        if left_s <= 0 and view.revision < revision:
            raise TooFarBehind(f"this node is at revision {view.revision}, not yet at {revision}")
        await view.wait_for(revision, max(left_s, 0.0))
