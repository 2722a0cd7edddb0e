"""Requests that never stop, each with its fate."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
import orjson

PAUSE_S = 0.01
BROKERS = 6
PIECES, PIECE_S = 10, 0.05
GOOD = (200, 201, 204, 304)


@dataclass(frozen=True)
class Fate:
    """What became of one request. Status 0: there was no answer, and `words` says why. Times are monotonic."""

    method: str
    began: float
    ended: float
    status: int
    node: str
    words: str

    @property
    def failed(self) -> bool:
        return self.status not in GOOD


@dataclass
class SteadyLoad:
    """Readers, long polls, registrations that change their topics, and heartbeats, against one address."""

    url: str
    fates: list[Fate] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> "SteadyLoad":
        self._session = aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(total=20))
        for number in range(BROKERS):
            await self._register(number, 0)
        assert not self.failed(), self.failed()
        workers = [self._read(), self._read(), self._read(), self._wait(), self._beat(), self._beat(), self._beat_all()]
        workers += [self._change(0), self._change(1), self._change_slowly(3), self._change_slowly(4)]
        self._tasks = [asyncio.create_task(worker) for worker in workers]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._session.close()

    def failed(self) -> list[Fate]:
        """The requests that did not go well."""
        return [fate for fate in self.fates if fate.failed]

    def since(self, moment: float) -> list[Fate]:
        """The requests that began later than a moment."""
        return [fate for fate in self.fates if fate.began > moment]

    def nodes_since(self, moment: float) -> Counter[str]:
        """How many of those were answered by which node."""
        return Counter(fate.node for fate in self.since(moment))

    async def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        slowly: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        began = time.monotonic()
        status, node, words = 0, "", ""
        content = orjson.dumps(body) if body is not None else None
        given = {"Content-Type": "application/json"} if content is not None else {}
        data = _pieces(content) if content is not None and slowly else content
        try:
            async with self._session.request(method, path, data=data, headers={**given, **(headers or {})}) as answer:
                text = await answer.text()
                status, node = answer.status, answer.headers.get("Nsredis-Node", "")
                words = "" if status in GOOD else text
        except (aiohttp.ClientError, TimeoutError) as error:
            words = repr(error)
        self.fates.append(Fate(method, began, time.monotonic(), status, node, words))

    async def _register(self, number: int, turn: int, *, slowly: bool = False) -> None:
        topics = {"Steady": {}, f"Own{number}": {"readQueueNums": 1 + turn % 8}}
        body = {"address": f"10.0.0.{number + 1}:10911", "topics": topics, "leaseMs": 60_000}
        await self._ask("PUT", f"/v1/brokers/c/b{number}/0", body, slowly=slowly)

    async def _read(self) -> None:
        while True:
            await self._ask("GET", "/v1/routes/Steady")
            await asyncio.sleep(PAUSE_S)

    async def _wait(self) -> None:
        """A long poll for what does not change: it is answered at its end, or when its node drains."""
        async with self._session.get("/v1/clusters") as answer:
            etag = answer.headers["ETag"]
        while True:
            await self._ask("GET", "/v1/clusters", headers={"If-None-Match": etag, "Prefer": "wait=2"})

    async def _beat(self) -> None:
        while True:
            await self._ask("POST", "/v1/brokers/c/b2/0/heartbeat")
            await asyncio.sleep(PAUSE_S)

    async def _beat_all(self) -> None:
        brokers = [{"cluster": "c", "brokerName": f"b{number}", "brokerId": 0} for number in range(BROKERS)]
        while True:
            await self._ask("POST", "/v1/heartbeats", {"brokers": brokers})
            await asyncio.sleep(PAUSE_S)

    async def _change(self, number: int) -> None:
        turn = 0
        while True:
            turn += 1
            await self._register(number, turn)
            await asyncio.sleep(PAUSE_S)

    async def _change_slowly(self, number: int) -> None:
        """There is always such a request under way: a node that goes must wait for its end."""
        turn = 0
        while True:
            turn += 1
            await self._register(number, turn, slowly=True)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body that takes its time, as over a bad line."""
    size = len(content) // PIECES + 1
    for start in range(0, len(content), size):
        yield content[start : start + size]
        await asyncio.sleep(PIECE_S)
