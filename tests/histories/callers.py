"""Clients whose every call becomes a line: over HTTP, and over RocketMQ's protocol."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

import aiohttp
import orjson

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command
from tests.histories import answers
from tests.histories.lines import Call, digest
from tests.histories.outcomes import http_outcome, remoting_outcome
from tests.histories.recorder import Recorder
from tests.support.api import Api, Reply
from tests.support.remoting import RemotingClient

PATIENCE_S: Final = 4.0
"""Longer than any node takes to answer whatever the store does; a node that is stopped takes longer."""


class Place(Protocol):
    """Where a node listens now; `name` changes with each start."""

    @property
    def name(self) -> str: ...
    @property
    def http(self) -> str: ...
    @property
    def remoting(self) -> str: ...


class HttpCaller:
    """One client: one connection to each node, one request at a time on each. A broken one is replaced."""

    def __init__(self, client: str, recorder: Recorder) -> None:
        self.client = client
        self._recorder = recorder
        self._open: dict[str, tuple[str, aiohttp.ClientSession]] = {}
        self._serial = 0

    async def call(
        self,
        place: Place,
        verb: str,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        patience_s: float = PATIENCE_S,
        **args: Any,
    ) -> tuple[Call, Reply | None]:
        """Make a request, and keep it with its answer."""
        node = place.name
        connection, session = self._session(node)
        start = self._recorder.now()
        reply: Reply | None = None
        call = Call(self.client, connection, node, verb, args, start, start, "unknown")
        try:
            async with asyncio.timeout(patience_s):
                reply = await Api(session, place.http).call(method, path, body, headers)
            _read(call, reply)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            call.code = type(error).__name__
            await self._drop(node)
        finally:  # what was cut off at the end of a run may have happened
            call.end = self._recorder.now()
            self._recorder.keep(call)
        return call, reply

    def _session(self, node: str) -> tuple[str, aiohttp.ClientSession]:
        found = self._open.get(node)
        if found is None:
            self._serial += 1
            session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))
            found = self._open[node] = (f"{self.client}@{node}#{self._serial}", session)
        return found

    async def _drop(self, node: str) -> None:
        _, session = self._open.pop(node)
        await session.close()

    async def close(self) -> None:
        """Close all connections."""
        for node in tuple(self._open):
            await self._drop(node)


def _read(call: Call, reply: Reply) -> None:
    call.status = reply.status
    call.revision = int(reply.headers.get("Nsredis-Revision", 0))
    call.stale_ms = int(reply.headers.get("Nsredis-Stale-Ms", 0))
    if reply.headers.get("Content-Type", "").startswith("application/problem+json"):
        call.code = orjson.loads(reply.body)["code"]
    call.outcome = http_outcome(call.verb, reply.status, call.code)
    if reply.status == 200:
        call.digest = digest(reply.body)
    elif reply.status == 404:
        call.digest = "absent"
    call.body = answers.short(call.verb, reply.status, reply.body)


class RemotingCaller:
    """One client that speaks RocketMQ's protocol: one connection at a time, to the node that it asks."""

    def __init__(self, client: str, recorder: Recorder) -> None:
        self.client = client
        self._recorder = recorder
        self._open: tuple[str, str, RemotingClient] | None = None
        self._serial = 0

    async def call(
        self,
        place: Place,
        verb: str,
        code: RequestCode,
        ext: Mapping[str, str],
        raw: bytes | None = None,
        *,
        patience_s: float = PATIENCE_S,
        **args: Any,
    ) -> Call:
        """Make a request, and keep it with its answer."""
        node = place.name
        start = self._recorder.now()
        call = Call(self.client, "", node, verb, {**args, "door": "remoting"}, start, start, "unknown")
        try:
            async with asyncio.timeout(patience_s):
                call.connection, client = await self._client(place)
                _read_command(call, await client.call(code, ext, raw))
        except (OSError, TimeoutError, AssertionError, ValueError) as error:
            call.code = type(error).__name__
            await self.close()
        finally:
            call.end = self._recorder.now()
            self._recorder.keep(call)
        return call

    async def _client(self, place: Place) -> tuple[str, RemotingClient]:
        if self._open is not None:
            node, connection, client = self._open
            if node == place.name and not client.closed:
                return connection, client
            await self.close()
        client = await RemotingClient.connect(place.remoting)
        self._serial += 1
        connection = f"{self.client}@{place.name}#{self._serial}"
        self._open = (place.name, connection, client)
        return connection, client

    async def close(self) -> None:
        """Close the connection."""
        if self._open is not None:
            client, self._open = self._open[2], None
            try:
                async with asyncio.timeout(1.0):
                    await client.close()
            except (TimeoutError, OSError):
                client.abandon()


def _read_command(call: Call, answer: Command) -> None:
    call.status = answer.code
    call.code = (answer.remark or "").split("\n")[0][:80] if answer.code else ""
    call.outcome = remoting_outcome(call.verb, answer.code)
    if call.verb == "route" and answer.code == 0:
        assert answer.body is not None
        call.digest, call.body = digest(answer.body), answers.route(orjson.loads(answer.body))
    elif call.verb == "route" and answer.code == 17:
        call.digest = "absent"
