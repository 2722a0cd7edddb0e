"""Brokers that live through a fault: they listen, beat and register, and know what they were told."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import aiohttp

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire.codes import ResponseCode
from nsredis.wire.registration import RegisterBody
from tests.faults.load import Addressed
from tests.support.api import Api
from tests.support.background import ended
from tests.support.eventually import eventually
from tests.support.listener import Listener
from tests.support.remoting import RemotingClient

CLUSTER = "c"
REMOVED = {"expire", "lost", "unregister", "move"}
"""Kinds of events after which a broker is not in its routes any more."""


@dataclass
class LivingBroker:
    """One master. `acknowledged` is the table that a name server last said it has; None before the first time."""

    name: str
    topics: dict[str, QueueData]
    listener: Listener = field(default_factory=Listener)
    version: int = 1
    acknowledged: dict[str, QueueData] | None = None
    connection: RemotingClient | None = None


class LivingBrokers:
    """The first half of them speaks HTTP, the rest RocketMQ's protocol, each through the `places` in turn.

    Each serves the topics `Shared0`, `Shared1`, … with all others, and one of its own. Every `every_s` it beats (HTTP)
    or registers again (remoting), as RocketMQ's brokers do every 30 s; who is told to register again does so at once.
    Their ports listen, so whoever probes them sees that they live. Leave the context, and they are silent, not gone.
    """

    def __init__(
        self,
        places: Sequence[Addressed],
        http: aiohttp.ClientSession,
        *,
        count: int = 6,
        shared: int = 4,
        every_s: float = 0.5,
        lease_ms: int = 3000,
        rename: Callable[[str], str] = str,
    ) -> None:
        self.places = list(places)
        self._http = http
        self._every_s, self._lease_ms = every_s, lease_ms
        self.brokers = [
            LivingBroker(
                rename(f"broker-{i:03}"),
                {f"Shared{n}": QueueData() for n in range(shared)} | {f"Own{i}": QueueData()},
            )
            for i in range(count)
        ]
        self._speaks_http = {broker.name for broker in self.brokers[: count // 2]}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turn = random.randrange(100)
        self.beats = self.acknowledged = self.failures = self.told_to_register = 0

    # --- what should be seen ---------------------------------------------------------------------------------------

    @property
    def names(self) -> set[str]:
        return {broker.name for broker in self.brokers}

    @property
    def routes(self) -> dict[str, dict[str, str]]:
        """The route of each topic: brokerName -> address."""
        routes: dict[str, dict[str, str]] = {}
        for broker in self.brokers:
            for topic in broker.topics:
                routes.setdefault(topic, {})[broker.name] = broker.listener.address
        return routes

    async def shown_by(self, apis: Sequence[Api], within_s: float = 20.0) -> float:
        """Wait until each node, following the store, serves all their routes; how long it took in seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for api in apis:
            await eventually(partial(self._shows_all, api), within_s, what="the node shows all brokers", every_s=0.05)
        return loop.time() - began

    async def _shows_all(self, api: Api) -> bool:
        for topic, brokers in self.routes.items():
            reply = await api.get(f"/v1/routes/{topic}?consistency=strong")
            if reply.status != HTTPStatus.OK:
                return False
            if {data["brokerName"]: data["brokerAddrs"]["0"] for data in reply.json["brokerDatas"]} != brokers:
                return False
        return True

    async def removed(self, apis: Sequence[Api], after: int = 1) -> list[str]:
        """What happened to them that should not happen to who lives: events of removal, records that are offline."""
        found = []
        subjects = {f"broker:{name}/0" for name in self.names}
        for api in apis:
            states = await api.states()
            found += [f"{name} is offline" for name in self.names if states.get(f"{name}/0") == "offline"]
            reply = await api.get(f"/v1/events?after={after}&limit=10000")
            if reply.status == HTTPStatus.GONE:
                reply = await api.get("/v1/events?limit=10000")
            found += [
                f"{event['kind']} of {event['subjects']}: {event['why']}"
                for event in reply.json["items"]
                if event["kind"] in REMOVED and subjects.intersection(event["subjects"])
            ]
        return found

    async def lost(self, api: Api) -> list[str]:
        """Brokers of whose acknowledged tables a node lacks something."""
        lost = []
        for broker in self.brokers:
            for topic, queues in (broker.acknowledged or {}).items():
                reply = await api.route(topic)
                rows = reply.json.get("queueDatas", ()) if reply.status == HTTPStatus.OK else ()
                if not any(r["brokerName"] == broker.name and r["readQueueNums"] == queues[0] for r in rows):
                    lost.append(f"{broker.name}: {topic}")
        return lost

    # --- what they do ----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> "LivingBrokers":
        for broker in self.brokers:
            await eventually(partial(self._register, broker), 10, what=f"{broker.name} is registered", every_s=0.1)
        self.speak(*self.names)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.silence(*self.names)
        for broker in self.brokers:
            broker.listener.close()

    async def silence(self, *names: str) -> None:
        """These beat no more. Their ports still listen: who is told to be dead may close `listener` too."""
        for name in names:
            task = self._tasks.pop(name, None)
            if task is not None:
                await ended(task)
        for broker in self.brokers:
            if broker.name in names:
                await self._hang_up(broker)

    def speak(self, *names: str) -> None:
        """These beat, if they did not."""
        for broker in self.brokers:
            if broker.name in names and broker.name not in self._tasks:
                self._tasks[broker.name] = asyncio.create_task(self._live(broker))

    async def change(self, name: str, topics: Mapping[str, QueueData]) -> bool:
        """Offer these topics too, under a new data version; whether that was acknowledged at once."""
        broker = next(broker for broker in self.brokers if broker.name == name)
        broker.topics.update(topics)
        broker.version += 1
        return await self._register(broker)

    async def _live(self, broker: LivingBroker) -> None:
        await asyncio.sleep(random.random() * self._every_s)
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._every_s
            say = self._beat if broker.name in self._speaks_http else self._register
            await say(broker)
            await asyncio.sleep(max(0.05, due - loop.time()))

    def _next_place(self) -> Addressed:
        self._turn += 1
        return self.places[self._turn % len(self.places)]

    async def _beat(self, broker: LivingBroker) -> bool:
        reply = await self._said(Api(self._http, self._next_place().http).beat(broker.name, cluster=CLUSTER))
        if reply == HTTPStatus.NOT_FOUND:
            self.told_to_register += 1
            return await self._register(broker)
        return self._count(done=reply == HTTPStatus.NO_CONTENT)

    async def _register(self, broker: LivingBroker) -> bool:
        offered = dict(broker.topics)
        if broker.name in self._speaks_http:
            done = await self._register_by_http(broker, offered)
        else:
            done = await self._register_by_remoting(broker, offered)
        if done:
            broker.acknowledged = offered
            self.acknowledged += 1
        return self._count(done=done)

    def _count(self, *, done: bool) -> bool:
        self.beats += done
        self.failures += not done
        return done

    async def _register_by_http(self, broker: LivingBroker, offered: Mapping[str, QueueData]) -> bool:
        body = {
            "address": broker.listener.address,
            "topics": {topic: {"readQueueNums": q[0], "writeQueueNums": q[1]} for topic, q in offered.items()},
            "leaseMs": self._lease_ms,
        }
        path = f"/v1/brokers/{CLUSTER}/{broker.name}/0"
        status = await self._said(Api(self._http, self._next_place().http).call("PUT", path, body))
        return status in (HTTPStatus.OK, HTTPStatus.CREATED)

    @staticmethod
    async def _said(call: Awaitable[Any]) -> int:
        """The status of an answer; 0 without one."""
        try:
            async with asyncio.timeout(5):
                return int((await call).status)
        except (aiohttp.ClientError, OSError):
            return 0

    async def _register_by_remoting(self, broker: LivingBroker, offered: Mapping[str, QueueData]) -> bool:
        try:
            if broker.connection is not None and broker.connection.closed:
                await self._hang_up(broker)
            if broker.connection is None:
                broker.connection = await RemotingClient.connect(self._next_place().remoting)
            answer = await broker.connection.register(
                broker.name,
                cluster=CLUSTER,
                address=broker.listener.address,
                body=RegisterBody(DataVersion(0, 1_700_000_000_000, broker.version), dict(offered), {}, ()),
                heartbeatTimeoutMillis=str(self._lease_ms),
            )
        except OSError:  # a time-out is one
            await self._hang_up(broker)
            return False
        if answer.code == ResponseCode.GO_AWAY:
            await self._hang_up(broker)
            return await self._register_by_remoting(broker, offered)
        return answer.code == 0

    @staticmethod
    async def _hang_up(broker: LivingBroker) -> None:
        connection, broker.connection = broker.connection, None
        if connection is not None:
            await connection.close()
