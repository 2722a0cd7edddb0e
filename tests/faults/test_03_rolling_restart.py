"""Nodes are stopped and started one by one behind haproxy: no look-up fails."""

import time

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults.conftest import Balance, Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.support.api import Api

pytestmark = pytest.mark.installed

DRAIN = ("--drain-wait-ms", "3000", "--drain-ms", "5000")
"""As deploy/haproxy.cfg asks for."""


@pytest.mark.parametrize("restarted", [pytest.param(1, id="one"), pytest.param(3, id="all", marks=pytest.mark.slow)])
async def test_nodes_are_restarted(
    own_store: OwnStore, serve: Serve, balance: Balance, http: aiohttp.ClientSession, figures: Figures, restarted: int
) -> None:
    nodes = await serve(own_store().url, 3, *DRAIN)
    balancer = await balance(nodes)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers([balancer], http) as brokers:
        await brokers.shown_by(apis)
        took = []
        async with LookupLoad([balancer], brokers.routes) as load:
            await load.steady()
            for node in nodes[:restarted]:
                began = time.monotonic()
                node.terminate()
                assert await node.ended() == 0, node.output
                node.start()
                await node.ready()
                took.append(time.monotonic() - began)
                await load.steady(rounds=30)  # haproxy wants two good checks before it trusts the node again
        figures.note(
            row=3,
            fault=f"{restarted} of three nodes restarted by SIGTERM behind haproxy",
            promises=(4, 8),
            removed=await brokers.removed(apis),
            recovery_s=max(took),
            extra={"look-ups that failed": len(load.failed), "beats that failed": brokers.failures},
            **load.figures(),
        )
    assert load.share_right == 1, (load.failed[:3], load.refused[:3])
