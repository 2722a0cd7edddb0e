"""Watchers of routes, and of all brokers. They come back to another node, and tell what they had seen last."""

import asyncio
import random
from typing import Final

import aiohttp

from nsredis.client.sse import EventParser
from tests.histories import answers
from tests.histories.ground import Ground, NodePlace
from tests.histories.lines import Call, Told, digest
from tests.histories.plan import Plan, topics_of
from tests.histories.recorder import Recorder

STAYS_S: Final = (8.0, 25.0)
SILENCE_S: Final = 20.0
"""The server writes at least every 15 s; a stream without a word for so long is dead."""


class WatcherActor:
    """One stream after another; number 0 watches all brokers, the others routes."""

    def __init__(self, number: int, plan: Plan, ground: Ground, recorder: Recorder) -> None:
        self._client = f"watcher-{number}"
        self._draw = random.Random(f"{plan.seed} {self._client}")
        self._ground = ground
        self._recorder = recorder
        self._serial = 0
        self._last = ""
        topics = sorted({topic for broker in plan.brokers for topic in topics_of(broker.name, 1)})
        self._topics = topics if number else []
        self._query = "&".join(f"topic={topic}" for topic in topics) if number else "all=brokers"

    async def run(self) -> None:
        """Watch until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                place = self._ground.draw(self._draw)
                try:
                    async with asyncio.timeout(self._draw.uniform(*STAYS_S)):
                        await self._watch(session, place)
                except (aiohttp.ClientError, TimeoutError, OSError):
                    pass
                await asyncio.sleep(self._draw.uniform(0.05, 0.5))

    async def _watch(self, session: aiohttp.ClientSession, place: NodePlace) -> None:
        """One stream; a `watch` line says from when to when it was open."""
        self._serial += 1
        node = place.name
        connection = f"{self._client}@{node}#{self._serial}"
        start = self._recorder.now()
        call = Call(self._client, connection, node, "watch", {"topics": self._topics}, start, start, "unknown")
        headers = {"Last-Event-ID": self._last} if self._last else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=2.0, sock_read=SILENCE_S)
        url = f"http://{place.http}/v1/watch?{self._query}"
        try:
            async with session.get(url, headers=headers, timeout=timeout) as answer:
                call.status = answer.status
                call.revision = int(answer.headers.get("Nsredis-Revision", 0))
                call.outcome = "ok" if answer.status == 200 else "refused"
                if answer.status == 200:
                    await self._read(answer, node, connection)
        finally:
            call.end = self._recorder.now()
            self._recorder.keep(call)

    async def _read(self, answer: aiohttp.ClientResponse, node: str, connection: str) -> None:
        parser = EventParser()
        async for chunk in answer.content.iter_any():
            now = self._recorder.now()
            for event in parser.feed(chunk):
                subject, text, body = answers.event(event.data)
                mark = digest(text.encode()) if text else "absent"
                self._last = event.id
                self._recorder.keep(Told(self._client, connection, node, subject, now, int(event.id), mark, body))
