"""Keeps one broker registered: registers, beats, registers again when it was forgotten, and leaves."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec

from nsredis.client.errors import ApiProblem, ClientError, ServerUnreachable, Superseded
from nsredis.client.http_client import ApiClient
from nsredis.client.incarnations import new_instance, superseded
from nsredis.core.backoff import backoff_s
from nsredis.wire.api_types import BrokerInfo, PatchTopicsBody, QueueDataBody, RegisterBody, RegisteredAnswer

log = logging.getLogger(__name__)

LEAVE_S: Final = 5.0
"""How long a leaving broker tries to say so; its lease ends anyway."""

SHORTEST_CALL_S: Final = 0.5
JITTER: Final = 0.1
"""Beats come up to this part of the rhythm early, so that brokers started together do not beat together."""

T = TypeVar("T")


class BrokerAgent:
    """One broker's registration. Use it as `async with`, or call `start` and, at the end, `leave`.

    `body` is what is registered; without an `instance` it gets one of its own. `tell` hears in one line whatever
    happens to the registration.
    """

    def __init__(
        self,
        client: ApiClient,
        cluster: str,
        name: str,
        broker_id: int,
        body: RegisterBody,
        *,
        tell: Callable[[str], object] = log.info,
    ) -> None:
        self._client = client
        self._place = (cluster, name, broker_id)
        self._body = body if body.instance else msgspec.structs.replace(body, instance=new_instance())
        self._tell = tell
        self._registered: RegisteredAnswer | None = None
        self._one_at_a_time = asyncio.Lock()
        self._beating: asyncio.Task[None] | None = None

    @property
    def registered(self) -> RegisteredAnswer | None:
        """The answer to the last registration; None before the first one and after `leave`."""
        return self._registered

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ClientError):  # what ended the block matters more
            await self.leave()

    async def start(self, *, patient: bool = True) -> RegisteredAnswer:
        """Register and begin to beat. A refusal is raised as ApiProblem.

        `patient`: a server that is away or not ready is waited for; else that is raised, too.
        """
        failures = 0
        while True:
            try:
                async with self._one_at_a_time:
                    answer = await self._register()
                break
            except (ApiProblem, ServerUnreachable) as problem:
                if not patient or not _passing(problem):
                    raise
                failures += 1
                await self._pause(failures, problem, most_s=self._body.lease_ms / 1000)
        self._beating = asyncio.create_task(self._beat_on())
        return answer

    async def wait(self) -> None:
        """Until the broker was superseded, which is raised; else for ever."""
        assert self._beating is not None, "the agent is not started"
        await asyncio.shield(self._beating)

    async def update_topics(self, put: Mapping[str, QueueDataBody], delete: Iterable[str] = ()) -> int:
        """Set and take away topics, now and in all registrations to come; the revision that has them.

        When it raises, the name server may not have them; repeat it.
        """
        gone = set(delete) - put.keys()
        patch = PatchTopicsBody(put=dict(put), delete=sorted(gone))
        async with self._one_at_a_time:
            if self._body.topics is not None:
                kept = {topic: queues for topic, queues in self._body.topics.items() if topic not in gone}
                self._body = msgspec.structs.replace(self._body, topics={**kept, **put})
            try:
                return (await self._client.patch_topics(*self._place, patch)).value.revision
            except ApiProblem as problem:
                if problem.status != HTTPStatus.NOT_FOUND:
                    raise
            await self._register()
            return (await self._client.patch_topics(*self._place, patch)).value.revision

    async def leave(self) -> None:
        """Stop beating and unregister, unless somebody else holds the id by now."""
        beating, self._beating = self._beating, None
        if beating is not None:
            beating.cancel()
            await asyncio.wait({beating})
            if not beating.cancelled():
                beating.exception()  # it was for `wait` to raise
        registered, self._registered = self._registered, None
        if registered is None:
            return
        try:
            await self._in_time(self._client.unregister(*self._place, registered.epoch), LEAVE_S)
        except ApiProblem as problem:
            if problem.code != "stale-epoch":
                raise
            self._tell("another process holds this broker's id; it is left alone")

    async def _register(self) -> RegisteredAnswer:
        answer = (await self._client.register(*self._place, self._body)).value
        self._registered = answer
        self._tell(
            f"registered: epoch {answer.epoch}, revision {answer.revision}, a beat every {answer.heartbeat_ms} ms"
        )
        return answer

    async def _beat_on(self) -> None:
        """Beat in the rhythm that the server wants; a failed beat is tried again much sooner."""
        failures = 0
        while True:
            assert self._registered is not None
            rhythm_s = self._registered.heartbeat_ms / 1000
            if failures == 0:
                await asyncio.sleep(rhythm_s * (1 - JITTER * random.random()))  # noqa: S311 - spreads, hides nothing
            try:
                await self._beat(max(rhythm_s, SHORTEST_CALL_S))
                if failures:
                    self._tell("the name server answers again")
                failures = 0
            except Superseded:
                raise
            except ClientError as problem:
                failures += 1
                await self._pause(failures, problem, most_s=rhythm_s)

    async def _beat(self, within_s: float) -> None:
        async with self._one_at_a_time:
            assert self._registered is not None
            epoch = self._registered.epoch
            try:
                await self._in_time(self._client.heartbeat(*self._place, epoch), within_s)
            except ApiProblem as problem:
                if problem.status == HTTPStatus.NOT_FOUND:
                    self._tell("the name server does not know this broker any more")
                elif problem.code == "stale-epoch":
                    await self._check_holder(epoch, within_s)
                else:
                    raise
                await self._register()

    async def _check_holder(self, epoch: int, within_s: float) -> None:
        """Superseded when a newer incarnation holds our id; returns when registering again takes it from nobody."""
        try:
            reading = self._client.broker(*self._place, strong=True)
            holder: BrokerInfo = (await self._in_time(reading, within_s)).value
        except ApiProblem as problem:
            if problem.status == HTTPStatus.NOT_FOUND:
                return
            raise
        if superseded(holder, instance=self._body.instance, epoch=epoch):
            raise Superseded(f"another process registered this broker at {holder.address} with epoch {holder.epoch}")

    async def _in_time(self, asking: Awaitable[T], within_s: float) -> T:
        server = self._client.server
        try:
            async with asyncio.timeout(within_s):
                return await asking
        except TimeoutError as error:
            self._client.pass_over(server)
            raise ServerUnreachable(server, "it takes too long") from error

    async def _pause(self, failures: int, problem: ClientError, *, most_s: float) -> None:
        if failures == 1:
            self._tell(f"{problem}; trying again")
        asked_s = (problem.retry_after_s or 0.0) if isinstance(problem, ApiProblem) else 0.0
        if not _passing(problem):
            asked_s = most_s  # refused: it may take somebody's help
        own_s = backoff_s(failures, random.random())  # noqa: S311 - spreads, hides nothing
        await asyncio.sleep(min(max(own_s, asked_s), most_s))


def _passing(problem: ClientError) -> bool:
    return not isinstance(problem, ApiProblem) or problem.passing
