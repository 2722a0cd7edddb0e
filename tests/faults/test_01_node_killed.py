"""A node is killed behind haproxy: its clients are on another node at once, and no broker goes with it."""

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

pytestmark = pytest.mark.installed

GOAL_SHARE, GOAL_GAP_S = 0.999, 0.5


async def test_a_node_is_killed(
    own_store: OwnStore, serve: Serve, balance: Balance, http: aiohttp.ClientSession, figures: Figures
) -> None:
    nodes = await serve(own_store().url, 3)
    balancer = await balance(nodes)
    apis = [Api(http, node.http) for node in nodes[1:]]
    async with LivingBrokers([balancer], http) as brokers:
        await brokers.shown_by(apis)
        async with LookupLoad([balancer], brokers.routes, interval_s=0.05) as load:
            await load.steady(rounds=60)
            os.kill(nodes[0].process.pid, signal.SIGKILL)
            await load.steady(rounds=180)  # by then, whoever beat through it alone would have lapsed
        figures.note(
            row=1,
            fault="kill -9 of one node of three behind haproxy",
            promises=(4, 8),
            removed=await brokers.removed(apis),
            extra={"look-ups that broke": len(load.failed), "beats that failed": brokers.failures},
            **load.figures(),
        )
    assert load.share_right >= GOAL_SHARE, load.failed[:3]
    assert load.longest_gap_s < GOAL_GAP_S + load.stalled_s
