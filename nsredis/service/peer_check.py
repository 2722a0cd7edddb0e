"""Asking peers whether they are well, at their HTTP addresses: the way to them is not the way to the store."""

import asyncio
from collections.abc import Sequence
from typing import Final

import aiohttp

from nsredis.core.cut_off import is_well

ASK_S: Final = 0.5
MOST_ASKED: Final = 8


class PeerCheck:
    """Asks some peers at once. Open it as a context."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "PeerCheck":
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_S))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def well(self, addresses: Sequence[str]) -> int:
        """How many of these peers (`host:port`) are well."""
        return sum(await asyncio.gather(*[self._is_well(address) for address in addresses[:MOST_ASKED]]))

    async def _is_well(self, address: str) -> bool:
        assert self._session is not None
        try:
            async with self._session.get(f"http://{address}/readyz", allow_redirects=False) as answer:
                stale_ms = int(answer.headers["Nsredis-Stale-Ms"])
                unwritten_ms = int(answer.headers["Nsredis-Unwritten-Ms"])
                return is_well(answer.status, stale_ms, unwritten_ms)
        except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
            return False  # dead, slow, or no node of ours
