"""Writing again what another writer came before."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from nsredis.core.backoff import backoff_s
from nsredis.core.errors import StoreUnavailable

TRIES: Final = 12

T = TypeVar("T")


async def retry_moved(attempt: Callable[[], Awaitable[T | None]], what: str, chance: Callable[[], float]) -> T:
    """What `attempt` gives once it is not None (another writer was faster); StoreUnavailable after some tries."""
    for failures in range(TRIES):
        outcome = await attempt()
        if outcome is not None:
            return outcome
        await asyncio.sleep(backoff_s(failures, chance(), first_s=0.002, top_s=0.05))
    raise StoreUnavailable(f"{what} keeps being changed by others")
