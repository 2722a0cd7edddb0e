"""Clients that look things up through all nodes, and an operator who limits groups now and then."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from nsredis.wire.codes import RequestCode
from tests.histories.callers import HttpCaller, RemotingCaller
from tests.histories.ground import Ground
from tests.histories.plan import Plan, topics_of
from tests.histories.recorder import Recorder

PAUSE_S: Final = (0.01, 0.12)
OPERATOR_PAUSE_S: Final = (2.0, 6.0)


class Reader:
    """Looks up what it draws, at a node that it draws."""

    def __init__(self, number: int, plan: Plan, ground: Ground, recorder: Recorder) -> None:
        self._draw = random.Random(f"{plan.seed} reader {number}")
        self._ground = ground
        self._http = HttpCaller(f"reader-{number}", recorder)
        self._remoting = RemotingCaller(f"remoting-reader-{number}", recorder)
        names = [broker.name for broker in plan.brokers if broker.id == 0]
        self._names = names
        self._topics = sorted({topic for name in names for topic in topics_of(name, 1)})
        self._looks: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self._route, 40),
            (self._routes, 30),
            (self._remoting_route, 15),
            (self._brokers, 8),
            (self._topic_list, 5),
            (self._clusters, 4),
        ]

    async def run(self) -> None:
        """Look until cancelled."""
        looks, weights = zip(*self._looks, strict=True)
        try:
            while True:
                await asyncio.sleep(self._draw.uniform(*PAUSE_S))
                await self._draw.choices(looks, weights)[0]()
        finally:
            await self._http.close()
            await self._remoting.close()

    async def _route(self) -> None:
        topic = self._draw.choice(self._topics)
        await self._http.call(self._ground.draw(self._draw), "route", "GET", f"/v1/routes/{topic}", topic=topic)

    async def _routes(self) -> None:
        name = self._draw.choice(self._names)
        topics = topics_of(name, 1)
        query = "&".join(f"topic={topic}" for topic in topics)
        await self._http.call(self._ground.draw(self._draw), "routes", "GET", f"/v1/routes?{query}", topics=topics)

    async def _remoting_route(self) -> None:
        topic = self._draw.choice(self._topics)
        place = self._ground.draw(self._draw)
        await self._remoting.call(place, "route", RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": topic}, topic=topic)

    async def _brokers(self) -> None:
        await self._http.call(self._ground.draw(self._draw), "brokers", "GET", "/v1/brokers?limit=1000")

    async def _topic_list(self) -> None:
        await self._http.call(self._ground.draw(self._draw), "topics", "GET", "/v1/topics")

    async def _clusters(self) -> None:
        await self._http.call(self._ground.draw(self._draw), "clusters", "GET", "/v1/clusters")


class Operator:
    """Limits a steady group's permissions, for a while or until it lifts that."""

    def __init__(self, plan: Plan, ground: Ground, recorder: Recorder) -> None:
        self._draw = random.Random(f"{plan.seed} operator")
        self._ground = ground
        self._caller = HttpCaller("operator", recorder)
        self._groups = [(broker.cluster, broker.name) for broker in plan.brokers if broker.role == "steady"]

    async def run(self) -> None:
        """Limit and lift until cancelled."""
        try:
            while True:
                await asyncio.sleep(self._draw.uniform(*OPERATOR_PAUSE_S))
                cluster, name = self._draw.choice(self._groups)
                path = f"/v1/brokers/{cluster}/{name}/override"
                place = self._ground.draw(self._draw)
                if self._draw.random() < 0.6:
                    perm = self._draw.choice([2, 4, 6])
                    lasts_s = round(self._draw.uniform(0.5, 8.0), 3)
                    body = {"perm": perm, "reason": "a test", "expiresInMs": int(lasts_s * 1000)}
                    await self._caller.call(
                        place, "override", "PUT", path, body=body, group=name, perm=perm, lasts_s=lasts_s
                    )
                else:
                    await self._caller.call(place, "lift", "DELETE", path, group=name)
        finally:
            await self._caller.close()
