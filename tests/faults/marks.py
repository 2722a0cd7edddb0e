"""How far nodes lag behind: numbers written through one node, one after another, and read at others."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

import aiohttp

from tests.support.api import Api
from tests.support.background import ended

PATH = "/v1/kv/faults/mark"


class Marks:
    """`lag_s`: how long after a number was sent a node still did not show it, or did not acknowledge it, at the
    worst."""

    def __init__(self, writer: Api, readers: Sequence[Api], every_s: float = 0.05) -> None:
        self._writer, self._readers, self._every_s = writer, readers, every_s
        self._sent: list[float] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.lag_s = 0.0

    @property
    def written(self) -> int:
        """How many were acknowledged."""
        return len(self._sent)

    async def __aenter__(self) -> "Marks":
        self._tasks = [asyncio.create_task(work) for work in (self._write(), *map(self._read, self._readers))]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            await ended(task)

    async def _write(self) -> None:
        """Only numbers that were acknowledged count, in their order; one that was not is tried again."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            with suppress(aiohttp.ClientError):
                reply = await self._writer.call("PUT", PATH, {"value": str(self.written)})
                if reply.status in (HTTPStatus.OK, HTTPStatus.CREATED):
                    self._sent.append(began)
                    self.lag_s = max(self.lag_s, loop.time() - began)
            await asyncio.sleep(self._every_s)

    async def _read(self, node: Api) -> None:
        loop = asyncio.get_running_loop()
        while True:
            asked_at = loop.time()
            with suppress(aiohttp.ClientError):
                reply = await node.get(PATH)
                shown = int(reply.json["value"]) if reply.status == HTTPStatus.OK else -1
                if shown + 1 < self.written:
                    self.lag_s = max(self.lag_s, asked_at - self._sent[shown + 1])
            await asyncio.sleep(self._every_s / 2)
