"""All brokers of a cluster fall silent at once: they are held, that is told, and they are free when they are back."""

import asyncio
from collections.abc import Sequence
from functools import partial

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults import deaths
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import CLUSTER, LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.metrics import metric
from tests.support.api import Api, Beating
from tests.support.eventually import eventually
from tests.support.flicker import Stalls

LEASE_MS = 1000
VICTIM = "victim"
SHARE = 0.3
"""Of a cluster's brokers so many may go before the brake engages."""


async def test_all_fall_silent_in_one_moment(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    nodes = await serve(own_store().url, 2)
    apis = [Api(http, node.http) for node in nodes]
    loop = asyncio.get_running_loop()
    names = [f"broker-{number:03}" for number in range(19)]
    routes = {"TopicA": dict.fromkeys(names, "10.0.0.1:10911")}
    async with Beating(apis, names, every_s=0.2, leaseMs=LEASE_MS) as beating:
        await beating.once()
        async with LookupLoad(nodes, routes) as load:
            await deaths.register(apis[0], VICTIM, LEASE_MS, CLUSTER)
            alone_ms = await deaths.silent_ms(apis[1], VICTIM, cluster=CLUSTER)
            engaged = await _engagements(apis)
            beating.silence(*names)
            began = loop.time()
            await eventually(partial(_brake, apis, "holding"), 10, every_s=0.02)
            alarm_s = loop.time() - began - LEASE_MS / 1000
            await eventually(partial(_all_are_held, apis[0], len(names)), 10)
            await asyncio.sleep(2 * LEASE_MS / 1000)
            beating.speak(*names)
            began = loop.time()
            await eventually(partial(_brake, apis, ""), 10, every_s=0.02)
            recovery_s = loop.time() - began
            await load.steady()
        events = (await apis[0].get("/v1/events?limit=1000")).json["items"]
        figures.note(
            row=12,
            fault="19 brokers are silent for three leases, all from one moment on; before that, one of 20 has died",
            promises=(4, 5, 9),
            removed=[str(event) for event in events if event["kind"] == "expire" and VICTIM not in str(event)],
            recovery_s=recovery_s,
            extra={
                "told, after the lease, in seconds": max(0.0, alarm_s),
                "the one that died alone went, after its lease, in ms": alone_ms - LEASE_MS,
                "brokers told to register again": beating.registered_again,
            },
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert LEASE_MS <= alone_ms <= LEASE_MS + deaths.PROMISE_MS + load.stalled_s * 1000
    assert alarm_s <= 1 + load.stalled_s
    assert (engaged, await _engagements(apis)) == (0, 1)
    assert {"brake-held", "brake-released"} <= {event["kind"] for event in events}
    assert beating.registered_again == 0


@pytest.mark.slow
async def test_all_fall_silent_each_after_its_last_beat(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    """Their leases lapse one after another: as many go as may go, and the rest is held."""
    nodes = await serve(own_store().url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http, count=20, every_s=0.5, lease_ms=1500) as brokers, Stalls() as stalls:
        await eventually(lambda: brokers.beats > 60, 10, what="all have beaten, each at its own time")
        await brokers.silence(*brokers.names)
        await eventually(partial(_brake, apis, "holding"), 10)
        await asyncio.sleep(1.0)  # all leases have lapsed
        gone = [name for name, state in (await apis[0].states()).items() if state == "offline"]
        held = await metric(apis[0], "nsredis_brake_held_brokers")
        shown = [len((await api.route("Shared0")).json["brokerDatas"]) for api in apis]
        brokers.speak(*brokers.names)
        recovery_s = await brokers.shown_by(apis)
    figures.note(
        row=12,
        fault="20 brokers fall silent, each after its own last beat",
        promises=(9,),
        wrong=0,
        recovery_s=recovery_s,
        stalled_s=stalls.longest_ms / 1000,
        extra={"gone before the brake held the rest": len(gone), "held": held},
    )
    assert len(gone) <= 20 * SHARE
    assert shown == [20 - len(gone)] * 2
    assert held == 20 - len(gone)


async def _brake(apis: Sequence[Api], state: str) -> bool:
    found = [item["state"] for api in apis for item in (await api.get("/v1/brake")).json["items"]]
    return found == ([state] * len(apis) if state else [])


async def _all_are_held(api: Api, count: int) -> bool:
    return await metric(api, "nsredis_brake_held_brokers") == count


async def _engagements(apis: Sequence[Api]) -> float:
    return sum([await metric(api, "nsredis_brake_engagements_total") for api in apis])
