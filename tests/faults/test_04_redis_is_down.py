"""Redis is killed and comes back: look-ups go on from memory, nobody expires, brokers beat again by themselves."""

import asyncio

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api, Reply

AWAY_S = [
    pytest.param(1, id="1s"),
    pytest.param(60, marks=pytest.mark.slow, id="60s"),
    pytest.param(180, marks=[pytest.mark.slow, pytest.mark.timeout(300)], id="180s"),
]
"""With leases of three seconds: the longest is as two hours are for those of two minutes."""


@pytest.mark.parametrize("away_s", AWAY_S)
async def test_redis_is_killed(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, away_s: int
) -> None:
    store = own_store(durable=True)
    nodes = await serve(store.url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by(apis)
        async with LookupLoad(nodes, brokers.routes) as load:
            await load.steady()
            store.kill9()
            refused = await _registered_and_put(apis[0])
            await asyncio.sleep(away_s)
            store.start()
            recovery_s = await brokers.shown_by(apis)
            await load.steady()
        await asyncio.sleep(4)  # whoever would be removed after a grace is removed by now
        removed = await brokers.removed(apis)
        figures.note(
            row=4,
            fault=f"Redis is killed for {away_s} s",
            promises=(4, 7, 8),
            removed=removed,
            recovery_s=recovery_s,
            writes_lost=len(await brokers.lost(apis[0])),
            extra={"acknowledged writes": brokers.acknowledged, "beats that failed": brokers.failures},
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    for reply in refused:
        assert (reply.status, "Retry-After" in reply.headers) == (503, True)


async def _registered_and_put(api: Api) -> list[Reply]:
    """What writes are told meanwhile: to come again."""
    return [await api.register("late"), await api.call("PUT", "/v1/kv/ns/key", {"value": "late"})]
