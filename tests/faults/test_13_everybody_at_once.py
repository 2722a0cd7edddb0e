"""A node restarts, and everybody comes at once: ten thousand clients, and all brokers with all their topics."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import REMOVED
from tests.faults.herd import Plan
from tests.faults.load import LookupLoad
from tests.faults.memory import peak_mib, resident_mib
from tests.support.api import Api
from tests.support.listener import Listener
from tests.support.processes import CHECKOUT

BROKERS, CLIENTS = 300, 10_000
MEANWHILE_S = 10.0
"""How long clients ask from the moment at which everybody comes: a third of what the brokers may take."""

GOAL_REGISTERED_S, GOAL_P50_MS, GOAL_MIB = 30.0, 50.0, 1024
ROOM = ("--remoting-max-connections", "14000")
"""The files that this test may have would leave fewer to the remoting port."""


class Herd:
    """One of the two herds, ready to go."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def said(self) -> Any:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the herd ended without a word"
        return orjson.loads(line)

    def go(self, words: str = "") -> None:
        """The next thing."""
        assert self._process.stdin is not None
        self._process.stdin.write(words.encode() + b"\n")


@asynccontextmanager
async def herd(kind: str, plan: Plan, folder: Path) -> AsyncIterator[Herd]:
    file = await asyncio.to_thread(plan.write, folder / f"{kind}.json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.faults.herd_{kind}", str(file)),
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    try:
        waiting = Herd(process)
        assert await waiting.said() == "ready"
        yield waiting
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("step", [pytest.param(0, id="unchanged"), pytest.param(1, id="changed")])
async def test_everybody_comes_at_once(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, tmp_path: Path, step: int
) -> None:
    store = own_store()
    [node] = await serve(store.url, 1, *ROOM)
    api = Api(http, node.http)
    listeners = [Listener() for _ in range(BROKERS)]
    plan = Plan(int(node.remoting.rpartition(":")[2]), [one.address for one in listeners], CLIENTS)
    async with herd("brokers", plan, tmp_path) as first:
        first.go()
        before = await first.said()
        alone_mib = resident_mib(node.process.pid)
        node.kill9()
    node.start()
    await node.ready()
    began_mib = resident_mib(node.process.pid)
    now = Plan(plan.port, plan.addresses, CLIENTS, step)
    async with herd("brokers", now, tmp_path) as brokers, herd("clients", now, tmp_path) as clients:
        clients.go()
        brokers.go()
        registered = await brokers.said()
        await asyncio.sleep(max(0.0, MEANWHILE_S - registered["took"][-1]))
        clients.go()
        asked = await clients.said()
        peak = peak_mib(node.process.pid)
        states = await api.states()
        events = [event["kind"] for event in (await api.get("/v1/events?limit=10000")).json["items"]]
    for listener in listeners:
        listener.close()
    verdicts = asked["verdicts"]
    look_ups = sum(verdicts.values())
    figures.note(
        row=13,
        fault=f"{CLIENTS:,} clients, {BROKERS} brokers with 1,000 topics each, {'changed' if step else 'unchanged'}",
        promises=(7, 8),
        wrong=verdicts.get("wrong", 0),
        removed=[kind for kind in events if kind in REMOVED],
        look_ups=look_ups,
        share_right=verdicts["right"] / look_ups,
        p50_ms=asked["took"]["50"],
        p99_ms=asked["took"]["99"],
        recovery_s=registered["took"][-1],
        extra={
            "registrations that were refused or late": len(registered["refusals"]),
            "MiB of registrations": registered["mib"],
            "half of the clients had their first answer after, in ms": asked["first_right"]["50"],
            "99 % after": asked["first_right"]["99"],
            "all after": asked["first_right"]["100"],
            "look-ups refused": verdicts.get("refused", 0),
            "look-ups that broke": verdicts.get("failed", 0),
            "MiB of the node before": began_mib,
            "at most": peak,
            "brokers that were new, in an empty store, had registered after, in s": before["took"][-1],
        },
    )
    assert sum(state == "online" for state in states.values()) == BROKERS
    assert registered["took"][-1] < GOAL_REGISTERED_S
    assert asked["took"]["50"] < GOAL_P50_MS
    assert peak < GOAL_MIB
    assert alone_mib < GOAL_MIB


async def test_all_brokers_come_while_clients_ask(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, tmp_path: Path
) -> None:
    [node] = await serve(own_store().url, 1)
    api = Api(http, node.http)
    listeners = [Listener() for _ in range(BROKERS)]
    plan = Plan(int(node.remoting.rpartition(":")[2]), [one.address for one in listeners], 0)
    async with herd("brokers", plan, tmp_path) as first:
        first.go()
        await first.said()
        async with herd("brokers", Plan(plan.port, plan.addresses, 0, step=1), tmp_path) as again:
            load = LookupLoad([node], dict(list(plan.routes.items())[:100]), interval_s=0.02)
            async with load:
                await load.steady()
                before = len(load.outcomes)
                again.go()
                registered = await again.said()
                meanwhile = sorted(outcome.ended - outcome.due for outcome in load.outcomes[before:])
                await load.steady()
        states = await api.states()
    for listener in listeners:
        listener.close()
    figures.note(
        row=13,
        fault=f"{BROKERS} brokers with 1,000 topics each, changed, while {load.clients} clients ask",
        promises=(7, 8),
        removed=[name for name, state in states.items() if state == "offline"],
        recovery_s=registered["took"][-1],
        extra={
            "look-ups meanwhile": len(meanwhile),
            "p50 of these in ms": 1000 * meanwhile[len(meanwhile) // 2],
            "p99": 1000 * meanwhile[len(meanwhile) * 99 // 100],
        },
        **load.figures(),
    )
    assert load.share_right == 1, load.counts
    assert registered["took"][-1] < GOAL_REGISTERED_S
    assert 1000 * meanwhile[len(meanwhile) // 2] < GOAL_P50_MS
