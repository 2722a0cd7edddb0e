"""Links to Redis that tell of news are killed over and over, or fall silent: nodes hear late, and within bounds."""

import asyncio

import aiohttp
import pytest
from redis.asyncio import Redis

from tests.conftest import OwnStore
from tests.faults import deaths
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.marks import Marks
from tests.support.api import Api
from tests.support.background import ended
from tests.support.forgetful_proxy import ForgetfulProxy

LOOK_S = 1.0
"""A node looks so often without being told."""
SLACK_S = 0.5


class Killing:
    """Kills every connection that subscribes or waits for the stream, ten times a second."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._task: asyncio.Task[None] | None = None
        self.killed = 0

    async def __aenter__(self) -> "Killing":
        self._task = asyncio.create_task(self._kill())
        return self

    async def __aexit__(self, *_: object) -> None:
        await ended(self._task)

    async def _kill(self) -> None:
        while True:
            waiting = [one["id"] for one in await self._client.client_list() if one["cmd"] in ("xread", "psubscribe")]
            for number in waiting:
                self.killed += await self._client.client_kill_filter(_id=number)
            await asyncio.sleep(0.1)


async def test_the_links_are_killed_over_and_over(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    store = own_store()
    nodes = await serve(store.url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers, Redis.from_url(store.url) as client:
        await brokers.shown_by(apis)
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            async with Marks(apis[0], apis) as marks, Killing(client) as killing:
                silent_ms = await deaths.one_after_another(apis, 5, 0.5)
            recovery_s = await brokers.shown_by(apis)
        figures.note(
            row=9,
            fault="Subscriptions and blocking reads are killed ten times a second",
            promises=(5, 7),
            removed=deaths.alive(await brokers.removed(apis)),
            recovery_s=recovery_s,
            extra=_extra(marks, silent_ms) | {"links killed": killing.killed},
            **load.figures(),
        )
    _bounds_hold(load, marks, silent_ms)
    assert killing.killed > 20


@pytest.mark.slow
async def test_the_links_are_deaf(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    store = own_store()
    async with ForgetfulProxy(("127.0.0.1", store.port)) as way:
        nodes = await serve(f"redis://127.0.0.1:{way.port}/0", 2)
        apis = [Api(http, node.http) for node in nodes]
        async with LivingBrokers(nodes, http) as brokers:
            await brokers.shown_by(apis)
            async with LookupLoad(nodes, brokers.routes) as load:
                await load.steady()
                async with Marks(apis[0], apis) as marks:
                    way.forget(b"XREAD", b"PSUBSCRIBE")
                    silent_ms = await deaths.one_after_another(apis, 5, 0.5)
                way.forget()
                recovery_s = await brokers.shown_by(apis)
            figures.note(
                row=9,
                fault="What Redis says on those links is lost, and nobody is told",
                promises=(5, 7),
                removed=deaths.alive(await brokers.removed(apis)),
                recovery_s=recovery_s,
                extra=_extra(marks, silent_ms) | {"answers lost": way.lost},
                **load.figures(),
            )
    _bounds_hold(load, marks, silent_ms)
    assert way.lost > 0


def _extra(marks: Marks, silent_ms: list[int]) -> dict[str, str | float]:
    late_ms = max(silent_ms) - deaths.LEASE_MS
    return {
        "changes": marks.written,
        "longest until a node showed a change in seconds": marks.lag_s,
        "a dead broker went at the latest, after its lease, in ms": late_ms,
    }


def _bounds_hold(load: LookupLoad, marks: Marks, silent_ms: list[int]) -> None:
    assert load.share_right == 1, load.counts
    assert marks.written >= 5
    assert marks.lag_s < LOOK_S + SLACK_S + load.stalled_s
    assert min(silent_ms) >= deaths.LEASE_MS
    assert max(silent_ms) <= deaths.LEASE_MS + deaths.PROMISE_MS + load.stalled_s * 1000
