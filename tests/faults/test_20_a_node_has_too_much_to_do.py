"""Look-ups beyond what a core answers, and other programs on all cores: answers come late, brokers are heard."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import pytest

from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.memory import resident_mib
from tests.faults.metrics import metric
from tests.support.api import Api
from tests.support.processes import python

ASKING, BURNING = 3, 2
FRAMES, CONNECTIONS = 500, 8
LEASE_MS = 6000
ANSWERED = "nsredis_remoting_requests_total"


@contextmanager
def crowd(address: str) -> Iterator[None]:
    """Processes that ask without end, and some that only burn."""
    asking = ["-m", "tests.faults.asking_without_end", address, "Shared0", str(FRAMES), str(CONNECTIONS)]
    commands = [asking] * ASKING + [["-c", "while True: pass"]] * BURNING
    running = [python(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands]
    try:
        yield
        assert [process.poll() for process in running] == [None] * len(running)
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.parametrize("for_s", [pytest.param(3, id="3s"), pytest.param(30, id="30s", marks=pytest.mark.slow)])
async def test_more_look_ups_than_a_core_answers(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, for_s: int
) -> None:
    nodes = await serve(own_store().url)
    api, pid = Api(http, nodes[0].http), nodes[0].process.pid
    async with LivingBrokers(nodes, http, lease_ms=LEASE_MS) as brokers:
        await brokers.shown_by([api])
        before, answered = resident_mib(pid), await metric(api, ANSWERED)
        async with LookupLoad(nodes, brokers.routes, remoting=10, http=5) as load:
            await load.steady()
            beats, failures = brokers.beats, brokers.failures
            with crowd(nodes[0].remoting):
                await asyncio.sleep(for_s)
                beats, failures = brokers.beats - beats, brokers.failures - failures
                answered = await metric(api, ANSWERED) - answered
                after = resident_mib(pid)
            recovery_s = await brokers.shown_by([api])
            await load.steady()
        figures.note(
            row=20,
            fault=f"{ASKING} processes ask without end and {BURNING} burn, on two cores, for {for_s} s",
            promises=(4, 10),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            extra={
                "look-ups answered a second": answered / for_s,
                "beats heard": beats,
                "beats lost": failures,
                "MiB more than before": after - before,
            },
            **load.figures(),
        )
    assert failures == 0
    assert beats > 0
    assert after - before < 100
