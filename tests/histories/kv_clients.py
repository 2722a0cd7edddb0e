"""Clients of key-value configuration. Every value is written once, so that who reads it knows which write it was."""

import asyncio
import itertools
import random
from typing import Final

from tests.histories.callers import HttpCaller
from tests.histories.ground import Ground
from tests.histories.plan import KV_KEYS, KV_WEIGHTS, Plan
from tests.histories.recorder import Recorder

PAUSE_S: Final = (0.05, 0.25)
SPACE: Final = "histories"


class KvClient:
    """Reads, writes, compares and deletes by chance. A `kv-read` need not be new, a `kv-get` must."""

    def __init__(
        self, number: int, plan: Plan, ground: Ground, recorder: Recorder, values: "itertools.count[int]"
    ) -> None:
        self._draw = random.Random(f"{plan.seed} kv {number}")
        self._ground = ground
        self._recorder = recorder
        self._caller = HttpCaller(f"kv-{number}", recorder)
        self._values = values

    async def run(self) -> None:
        """Go on until cancelled."""
        acts = (self._get, self._read, self._put, self._swap, self._create, self._delete)
        try:
            while True:
                await asyncio.sleep(self._draw.uniform(*PAUSE_S))
                act = self._draw.choices(acts, (35, 10, 25, 15, 7, 8))[0]
                await act(self._draw.choices(KV_KEYS, KV_WEIGHTS)[0])
        finally:
            await self._caller.close()

    def _new_value(self) -> str:
        return f"v{next(self._values)}"

    def _path(self, key: str) -> str:
        return f"/v1/kv/{SPACE}/{key}"

    async def _get(self, key: str) -> None:
        place = self._ground.draw(self._draw)
        await self._caller.call(place, "kv-get", "GET", f"{self._path(key)}?consistency=strong", key=key)

    async def _read(self, key: str) -> None:
        await self._caller.call(self._ground.draw(self._draw), "kv-read", "GET", self._path(key), key=key)

    async def _put(self, key: str) -> None:
        value = self._new_value()
        await self._caller.call(
            self._ground.draw(self._draw), "kv-put", "PUT", self._path(key), body={"value": value}, key=key, value=value
        )

    async def _swap(self, key: str) -> None:
        """Read, think, and write only if nobody else wrote meanwhile."""
        place = self._ground.draw(self._draw)
        call, reply = await self._caller.call(
            place, "kv-get", "GET", f"{self._path(key)}?consistency=strong", key=key
        )  # fmt: skip
        if reply is None or reply.status != 200:
            return
        await asyncio.sleep(self._draw.uniform(0, 0.1))
        value, headers = self._new_value(), {"If-Match": reply.etag}
        await self._caller.call(
            self._ground.draw(self._draw), "kv-put", "PUT", self._path(key), body={"value": value}, headers=headers,
            key=key, value=value, expected=call.body, read_at=call.start,
        )  # fmt: skip

    async def _create(self, key: str) -> None:
        value, headers = self._new_value(), {"If-None-Match": "*"}
        await self._caller.call(
            self._ground.draw(self._draw), "kv-put", "PUT", self._path(key), body={"value": value}, headers=headers,
            key=key, value=value, expected=None,
        )  # fmt: skip

    async def _delete(self, key: str) -> None:
        await self._caller.call(self._ground.draw(self._draw), "kv-delete", "DELETE", self._path(key), key=key)
