"""Key-value writes without an end, each remembered if it was acknowledged."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp

from tests.support.api import Api
from tests.support.background import ended

SPACE = "faults"


class Writes:
    """One key after another, through the nodes in turn, a write at a time."""

    def __init__(self, apis: Sequence[Api], pause_s: float = 0.01) -> None:
        self._apis = apis
        self._pause_s = pause_s
        self._task: asyncio.Task[None] | None = None
        self.acknowledged: dict[str, str] = {}
        self.refused = 0
        self.longest_s = 0.0
        """The longest that an answer took, of whatever kind."""

    async def __aenter__(self) -> "Writes":
        self._task = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        await ended(self._task)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        number = 0
        while True:
            number += 1
            key, value, began = f"k{number}", f"v{number}", loop.time()
            try:
                path = f"/v1/kv/{SPACE}/{key}"
                reply = await self._apis[number % len(self._apis)].call("PUT", path, {"value": value})
            except aiohttp.ClientError:
                self.refused += 1
            else:
                if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED):
                    self.acknowledged[key] = value
                else:
                    self.refused += 1
            self.longest_s = max(self.longest_s, loop.time() - began)
            await asyncio.sleep(self._pause_s)

    async def lost(self, api: Api) -> list[str]:
        """Keys that were acknowledged and that the node, as of now, does not have."""
        reply = await api.get(f"/v1/kv/{SPACE}?consistency=strong&limit=10000")
        assert reply.status == HTTPStatus.OK, reply
        found = {item["key"]: item["value"] for item in reply.json["items"]}
        return [key for key, value in self.acknowledged.items() if found.get(key) != value]
