"""A broker comes and goes all the time, and its messages arrive late and out of order: only the newest counts."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus

import aiohttp
import pytest

from nsredis.core.queues import QueueData
from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import CLUSTER, LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api
from tests.support.listener import Listener
from tests.support.remoting import RemotingClient
from tests.support.serve_process import ServeProcess

FLAPPING = 5
EVERY_S = 0.1
SEED = 19


class Flapping:
    """One broker: each round is a new process of it, and what the one before said comes late, through any node."""

    def __init__(self, number: int, nodes: Sequence[ServeProcess], apis: Sequence[Api]) -> None:
        self.name, self.topic = f"flapping-{number}", f"Flapping{number}"
        self.listener = Listener()
        self.rounds = 0
        self.late: Counter[int] = Counter()
        """How late messages were answered: 409 each."""
        self._nodes, self._apis = nodes, apis
        self._chance = random.Random(SEED + number)
        self._epochs: list[int] = []

    @property
    def _path(self) -> str:
        return f"/v1/brokers/{CLUSTER}/{self.name}/0"

    async def begin(self) -> None:
        """A new process of it registers."""
        self.rounds += 1
        body = {"address": self.listener.address, "topics": {self.topic: {}}, "leaseMs": 3000}
        reply = await self._any().call("PUT", self._path, body | {"instance": str(self.rounds)})
        assert reply.status in (HTTPStatus.OK, HTTPStatus.CREATED), reply
        self._epochs.append(reply.json["epoch"])

    async def flap(self, until: float) -> None:
        """Begin again and again."""
        while asyncio.get_running_loop().time() < until:
            await asyncio.gather(self._connect_and_close(), self.begin())
            await self.say_late()
            await asyncio.sleep(EVERY_S)

    async def say_late(self) -> None:
        """What processes before the present one had to say, in any order and at the same time."""
        past = self._epochs[-4:-1]
        calls: list[tuple[str, str, object]] = [("DELETE", f"{self._path}?epoch={epoch}", None) for epoch in past]
        calls += [("POST", f"{self._path}/heartbeat", {"epoch": epoch}) for epoch in past]
        self._chance.shuffle(calls)
        replies = await asyncio.gather(*(self._any().call(*call) for call in calls))
        self.late.update(reply.status for reply in replies)

    async def leave(self) -> None:
        """The newest process goes."""
        reply = await self._any().call("DELETE", f"{self._path}?epoch={self._epochs[-1]}")
        assert reply.status == HTTPStatus.NO_CONTENT, reply
        self._epochs.append(0)

    async def _connect_and_close(self) -> None:
        """Over RocketMQ's protocol too, and the connection ends at once."""
        client = await RemotingClient.connect(self._chance.choice(self._nodes).remoting)
        topics = {self.topic: QueueData(), f"{self.topic}b": QueueData()}
        await client.register(
            self.name, cluster=CLUSTER, address=self.listener.address, topics=topics, heartbeatTimeoutMillis="3000"
        )
        await client.close()

    def _any(self) -> Api:
        return self._chance.choice(self._apis)


@pytest.mark.parametrize("for_s", [pytest.param(3, id="3s"), pytest.param(60, id="60s", marks=pytest.mark.slow)])
async def test_late_messages_of_older_processes(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, for_s: int
) -> None:
    nodes = await serve(own_store().url, 2)
    apis = [Api(http, node.http) for node in nodes]
    loop = asyncio.get_running_loop()
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by(apis)
        flapping = [Flapping(number, nodes, apis) for number in range(FLAPPING)]
        for one in flapping:
            await one.begin()
        routes = brokers.routes | {one.topic: {one.name: one.listener.address} for one in flapping}
        revision = max([(await api.get("/v1/topics?consistency=strong")).revision for api in apis])
        async with LookupLoad(nodes, routes) as load:
            await load.steady()
            began = loop.time()
            await asyncio.gather(*(one.flap(began + for_s) for one in flapping))
            took_s = loop.time() - began
            changes = (await apis[0].get("/v1/topics?consistency=strong")).revision - revision
            recovery_s = await brokers.shown_by(apis)
            await load.steady()
        removed = await brokers.removed(apis)
        rounds, late = sum(one.rounds for one in flapping), sum((one.late for one in flapping), Counter[int]())
        for one in flapping:
            await one.leave()
            await one.say_late()
            one.listener.close()
        figures.note(
            row=19,
            fault=f"{FLAPPING} brokers restart every {EVERY_S} s for {for_s} s; what older processes say comes late",
            promises=(1, 4, 6),
            removed=removed,
            recovery_s=recovery_s,
            extra={
                "restarts": rounds,
                "late messages": late.total(),
                "changes a second": changes / took_s,
                "changes for each restart": changes / rounds,
            },
            **load.figures(),
        )
        states = await apis[1].states()
        for api in apis:
            await api.get("/v1/topics?consistency=strong")
            assert {(await api.route(one.topic)).status for one in flapping} == {HTTPStatus.NOT_FOUND}
    assert load.share_right == 1, load.counts
    assert set(late) == {HTTPStatus.CONFLICT}, late
    assert {states[f"{one.name}/0"] for one in flapping} == {"offline"}
    assert changes / rounds < 6
