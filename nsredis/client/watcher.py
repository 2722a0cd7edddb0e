"""Follows /v1/watch through every break of the connection."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp
import msgspec

from nsredis.client.errors import ApiProblem, ClientError, ServerUnreachable
from nsredis.client.http_client import ApiClient
from nsredis.client.http_transport import problem_of, why
from nsredis.client.sse import EventParser, ServerEvent
from nsredis.core.backoff import backoff_s

log = logging.getLogger(__name__)

SILENCE_S: Final = 40.0
"""A stream that brings nothing for so long is dead: the server writes at least every 15 s."""

CONNECT_S: Final = 5.0
MOST_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """What something is now. `kind` is `route` or `broker`; `data` is its JSON, decoded, and `raw` as it came."""

    kind: str
    data: dict[str, Any]
    raw: str
    revision: int

    @property
    def subject(self) -> str:
        """What the event is about: the topic, or the broker's name and id."""
        if "topic" in self.data:
            return f"topic:{self.data['topic']}"
        return f"broker:{self.data.get('brokerName')}/{self.data.get('brokerId')}"


class Watcher:
    """Iterate over it for events: at once one for each subject, then one at each change, never the same twice in a row.

    `topics`, or all brokers when there are none. It connects again by itself when the connection breaks, which `tell`
    hears of; a refusal is raised as ApiProblem. `patient`: also the first connection is waited for, else
    ServerUnreachable is raised when it fails.
    """

    def __init__(
        self,
        client: ApiClient,
        topics: Iterable[str] = (),
        *,
        patient: bool = True,
        tell: Callable[[str], object] = log.info,
    ) -> None:
        self._client = client
        self._query = [("topic", topic) for topic in topics] or [("all", "brokers")]
        self._patient = patient
        self._tell = tell
        self._last: dict[str, str] = {}
        self._failures = 0

    async def __aiter__(self) -> AsyncGenerator[WatchEvent, None]:
        while True:
            server = self._client.server
            try:
                async for event in self._stream(server):
                    yield event
                problem: ClientError = ServerUnreachable(server, "it ended the stream")
            except ServerUnreachable as error:
                problem = error
            except ApiProblem as error:
                if not error.passing:
                    raise
                problem = error
            if not self._patient:
                raise problem
            self._failures += 1
            if self._failures == 1:
                self._tell(f"{problem}; connecting again")
            self._client.pass_over(server)
            chance = random.random()  # noqa: S311 - spreads, hides nothing
            await asyncio.sleep(backoff_s(self._failures, chance, top_s=MOST_S))

    async def _stream(self, server: str) -> AsyncIterator[WatchEvent]:
        """The new events of one connection."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S)
        url = self._client.url("watch", query=self._query, server=server)
        try:
            async with self._client.session.get(
                url, timeout=timeout, headers={"Accept": "text/event-stream"}
            ) as answer:
                if answer.status != HTTPStatus.OK:
                    raise problem_of(answer, await answer.read())
                if answer.content_type != "text/event-stream":
                    raise ServerUnreachable(server, "what answers there is no name server")
                if self._failures:
                    self._tell(f"connected to {server}")
                self._failures, self._patient = 0, True
                parser = EventParser()
                async for chunk in answer.content.iter_any():
                    for event in parser.feed(chunk):
                        if (news := self._news(event)) is not None:
                            yield news
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ServerUnreachable(server, why(error)) from error

    def _news(self, event: ServerEvent) -> WatchEvent | None:
        """The event, unless it says what was said before: a new connection begins by telling everything again."""
        data = msgspec.json.decode(event.data, type=dict[str, Any])
        revision = int(event.id) if event.id.isascii() and event.id.isdigit() else 0
        news = WatchEvent(event.kind, data, event.data, revision)
        if self._last.get(news.subject) == event.data:
            return None
        self._last[news.subject] = event.data
        return news
