"""Speaking RocketMQ's remoting protocol to a node, as a broker or a client would."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from typing import Any, Self

from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire import commands, fastjson
from nsredis.wire.codes import ONE_WAY_FLAG, OUR_VERSION, RequestCode
from nsredis.wire.commands import Command, Serialization
from nsredis.wire.frames import FrameSplitter
from nsredis.wire.registration import RegisterBody, body_crc, encode_register_body

VERSION_4_9_3 = 399


class RemotingClient:
    """One connection. Requests are answered in any order; `call` finds the right answer by its number."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Command]] = {}
        self._numbers = itertools.count(1)
        self._reading = asyncio.create_task(self._read(reader))
        self.unasked: list[Command] = []

    @classmethod
    async def connect(cls, address: str, **options: Any) -> Self:
        host, _, port = address.rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port), **options))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        splitter = FrameSplitter()
        try:
            while data := await reader.read(65536):
                for payload in splitter.feed(data):
                    answer = commands.decode(payload)
                    waiting = self._waiting.pop(answer.opaque, None)
                    if waiting is None:
                        self.unasked.append(answer)
                    elif not waiting.done():
                        waiting.set_result(answer)
        except ConnectionError:
            pass
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the name server closed the connection"))

    async def call(
        self,
        code: int,
        ext: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        version: int = OUR_VERSION,
        serialization: Serialization = Serialization.JSON,
    ) -> Command:
        """Send a request and wait for its answer."""
        number = next(self._numbers)
        answer: asyncio.Future[Command] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        given = dict(ext) if ext is not None else None
        request = Command(code, number, 0, version, ext=given, body=body, serialization=serialization)
        self._writer.write(commands.encode(request))
        async with asyncio.timeout(10):
            return await answer

    def one_way(self, code: int, ext: Mapping[str, str] | None = None, body: bytes | None = None) -> None:
        """Send a request that is not answered."""
        request = Command(code, next(self._numbers), ONE_WAY_FLAG, OUR_VERSION, ext=dict(ext or {}), body=body)
        self._writer.write(commands.encode(request))

    async def register(
        self,
        name: str = "a",
        broker_id: int = 0,
        topics: Mapping[str, QueueData] | None = None,
        *,
        cluster: str = "c",
        address: str = "",
        version: DataVersion | None = None,
        body: RegisterBody | None = None,
        **ext: str,
    ) -> Command:
        """Register a broker as RocketMQ 5 does; further parameters by name."""
        offered = dict(topics) if topics is not None else {"TopicA": QueueData(), "TopicB": QueueData()}
        if body is None:
            body = RegisterBody(version or DataVersion(0, 1_700_000_000_000, 1), offered, {}, ())
        raw = encode_register_body(body)
        given = broker_ext(name, broker_id, cluster=cluster, address=address) | {
            "haServerAddr": f"10.1.0.{broker_id + 1}:10912",
            "bodyCrc32": str(body_crc(raw)),
            "compressed": "false",
            "enableActingMaster": "false",
        }
        return await self.call(RequestCode.REGISTER_BROKER, given | ext, raw)

    async def route(self, topic: str, **ext: str) -> Any:
        """The route of a topic; None when there is none."""
        answer = await self.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": topic, **ext})
        if answer.code == 17:
            return None
        assert answer.code == 0, answer
        assert answer.body is not None
        return fastjson.loads(answer.body)

    async def close(self) -> None:
        """Close the connection, and wait until that is done."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        await self._reading

    def abandon(self) -> None:
        """Drop the connection at once, whatever is under way."""
        self._writer.transport.abort()
        self._reading.cancel()

    @property
    def closed(self) -> bool:
        """Whether the name server has closed the connection."""
        return self._reading.done()


def broker_ext(name: str = "a", broker_id: int = 0, *, cluster: str = "c", address: str = "") -> dict[str, str]:
    """The parameters that name a broker."""
    return {
        "brokerName": name,
        "brokerId": str(broker_id),
        "clusterName": cluster,
        "brokerAddr": address or f"10.0.0.{broker_id + 1}:10911",
    }
