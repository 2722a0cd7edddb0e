"""Speaking to a node over HTTP as any client would."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from yarl import URL

from tests.support.background import ended
from tests.support.eventually import eventually

TOPICS: dict[str, object] = {"TopicA": {}}


@dataclass(frozen=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def etag(self) -> str:
        return self.headers["ETag"]

    @property
    def revision(self) -> int:
        return int(self.headers["Nsredis-Revision"])


class Api:
    """One node. Paths are sent as they are written, so that a test sees its own percent signs."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.url = f"http://{address}"

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        data = raw if raw is not None else None if body is None else orjson.dumps(body)
        given = {"Content-Type": "application/json"} if data is not None else {}
        url = URL(self.url + path, encoded=True)
        content = io.BytesIO(data) if data is not None else None
        async with self.session.request(method, url, data=content, headers={**given, **(headers or {})}) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **headers: str) -> Reply:
        """GET; header names with `_` for `-`."""
        return await self.call("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()})

    async def register(self, name: str, broker_id: int = 0, *, cluster: str = "c", **body: Any) -> Reply:
        """Register a broker; its address is made up unless given."""
        content = {"address": f"10.0.0.{broker_id + 1}:10911", "topics": TOPICS} | body
        return await self.call("PUT", f"/v1/brokers/{cluster}/{name}/{broker_id}", content)

    async def beat(self, name: str, broker_id: int = 0, *, cluster: str = "c", epoch: int | None = None) -> Reply:
        path = f"/v1/brokers/{cluster}/{name}/{broker_id}/heartbeat"
        return await self.call("POST", path, None if epoch is None else {"epoch": epoch})

    async def route(self, topic: str) -> Reply:
        return await self.get(f"/v1/routes/{topic}")

    async def brokers_of(self, topic: str) -> list[str]:
        """The brokerNames in a topic's route; none when there is no route."""
        reply = await self.route(topic)
        if reply.status == 404:
            return []
        assert reply.status == 200, reply
        return [data["brokerName"] for data in reply.json["brokerDatas"]]

    async def states(self) -> dict[str, str]:
        """`name/id` -> online or offline."""
        items = (await self.get("/v1/brokers?limit=10000")).json["items"]
        return {f"{item['brokerName']}/{item['brokerId']}": item["state"] for item in items}


class Beating:
    """Brokers that beat every so often through some nodes in turn, and register again when they are told to.

    What they are told is kept: `registered_again` counts the 404s, `failed` the beats without any answer.
    """

    def __init__(
        self,
        nodes: list[Api],
        names: list[str],
        every_s: float,
        *,
        addresses: Mapping[str, str] | None = None,
        **body: Any,
    ) -> None:
        self._nodes = nodes
        self._names = names
        self._every_s = every_s
        self._addresses = addresses or {}
        self._body = body
        self._silent: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._rounds = 0
        self.registered_again = 0
        self.failed = 0

    async def __aenter__(self) -> "Beating":
        for i, name in enumerate(self._names):
            reply = await self._register(self._nodes[i % len(self._nodes)], name)
            assert reply.status in (200, 201), reply
        self._task = asyncio.create_task(self._run())
        return self

    async def _register(self, node: Api, name: str) -> Reply:
        address: dict[str, Any] = {"address": self._addresses[name]} if name in self._addresses else {}
        return await node.register(name, **address, **self._body)

    async def once(self) -> None:
        """Wait until all of them have beaten together."""
        seen = self._rounds
        await eventually(lambda: self._rounds > seen + 1)

    def silence(self, *names: str) -> None:
        """These beat no more."""
        self._silent.update(names)

    def speak(self, *names: str) -> None:
        """These beat again."""
        self._silent.difference_update(names)

    async def _run(self) -> None:
        turn = 0
        while True:
            turn += 1
            beating = [name for name in self._names if name not in self._silent]
            body = {"brokers": [{"cluster": "c", "brokerName": name, "brokerId": 0} for name in beating]}
            node = self._nodes[turn % len(self._nodes)]
            try:
                reply = await node.call("POST", "/v1/heartbeats", body)
            except aiohttp.ClientError:
                self.failed += 1
            else:
                for name, item in zip(beating, reply.json["items"] if reply.status == 200 else (), strict=False):
                    if item["status"] == 404:
                        self.registered_again += 1
                        await self._register(node, name)
            self._rounds += 1
            await asyncio.sleep(self._every_s)

    async def __aexit__(self, *_: object) -> None:
        await ended(self._task)
