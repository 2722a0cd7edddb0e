"""A node stands still and goes on: clients move, and it does not pass off old knowledge as new when it wakes up."""

import asyncio
import os
import signal

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults.conftest import Balance, Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api
from tests.support.eventually import eventually

STOPPED_S = 8.0
"""Longer than haproxy takes to see it."""

LEASE_MS = 15_000
"""What a broker gets that asks for none. Those that beat through the node that hangs must have the time to notice."""

ASKED_MEANWHILE = 30


@pytest.mark.installed
@pytest.mark.slow
async def test_a_node_hangs_behind_haproxy(
    own_store: OwnStore, serve: Serve, balance: Balance, http: aiohttp.ClientSession, figures: Figures
) -> None:
    nodes = await serve(own_store().url, 3)
    balancer = await balance(nodes)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers([balancer], http, lease_ms=LEASE_MS) as brokers:
        await brokers.shown_by(apis)
        async with LookupLoad([balancer], brokers.routes) as load:
            await load.steady()
            os.kill(nodes[0].process.pid, signal.SIGSTOP)
            began = asyncio.get_running_loop().time()
            await load.steady(rounds=10)
            moved_s = asyncio.get_running_loop().time() - began
            await asyncio.sleep(STOPPED_S - moved_s)
            os.kill(nodes[0].process.pid, signal.SIGCONT)
            recovery_s = await brokers.shown_by(apis)
            await load.steady(rounds=30)
        await asyncio.sleep(4)
        figures.note(
            row=2,
            fault=f"SIGSTOP of one node of three behind haproxy for {STOPPED_S:.0f} s",
            promises=(4, 5, 8),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            extra={
                "look-ups that broke": len(load.failed),
                "seconds until every client had been answered again for a second": moved_s,
            },
            **load.figures(),
        )
    assert load.failed, "nobody asked the node that hung"


async def test_a_node_that_wakes_up_claims_nothing_old_to_be_fresh(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    nodes = await serve(own_store().url, 2)
    hung, other = nodes
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers([other], http) as brokers:
        assert (await apis[1].register("leaves", topics={"Changes": {}}, leaseMs=60_000)).status == 201
        await brokers.shown_by(apis)
        for api in apis:
            await eventually(lambda api=api: api.brokers_of("Changes"))  # type: ignore[misc]
        asked = [Api(http, hung.http) for _ in range(ASKED_MEANWHILE)]
        await asyncio.gather(*(api.route("Changes") for api in asked))  # their connections stay open
        os.kill(hung.process.pid, signal.SIGSTOP)
        assert (await apis[1].call("DELETE", "/v1/brokers/c/leaves/0")).status == 204
        waiting = [asyncio.create_task(api.route("Changes")) for api in asked]
        async with LookupLoad([other], brokers.routes) as load:
            await load.steady(rounds=35)  # longer than its leases, and than what counts as fresh
            os.kill(hung.process.pid, signal.SIGCONT)
            recovery_s = await brokers.shown_by(apis)
            await load.steady(rounds=35)
        answers = await asyncio.gather(*waiting)
        old = [reply for reply in answers if reply.status == 200]
        unmarked = [reply for reply in old if reply.headers["Nsredis-Stale-Ms"] == "0"]
        figures.note(
            row=2,
            fault="SIGSTOP of a node for some seconds, asked by those who wait for it",
            promises=(4, 5, 8),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            extra={
                "answers when it woke up": len(answers),
                "of these old, and marked so": len(old) - len(unmarked),
                "old and not marked": len(unmarked),
            },
            **load.figures(),
        )
    assert not unmarked
    assert load.share_right == 1, load.counts
