"""One run: traffic and faults as a plan says, then quiet, then a last look at every node."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.histories.brokers import BrokerActor
from tests.histories.callers import HttpCaller
from tests.histories.ground import Ground
from tests.histories.kv_clients import SPACE, KvClient
from tests.histories.plan import KV_CLIENTS, KV_KEYS, READERS, WATCHERS, Plan, topics_of
from tests.histories.poller import Poller
from tests.histories.readers import Operator, Reader
from tests.histories.recorder import Recorder
from tests.histories.trouble import make_all
from tests.histories.watchers import WatcherActor
from tests.support.eventually import eventually

QUIET_S: Final = 1.0
CONVERGED_S: Final = 20.0


@dataclass
class Counts:
    """What goes on from run to run on one ground, so that nothing written has the same number twice."""

    numbers: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    values: "itertools.count[int]" = field(default_factory=itertools.count)


async def record(plan: Plan, ground: Ground, file: Path, counts: Counts) -> None:
    """Run the plan and keep all lines in the file."""
    async with Recorder(file) as recorder:
        brokers = [
            BrokerActor(broker, ground, recorder, counts.numbers, counts.instances).run() for broker in plan.brokers
        ]
        others = [
            *(Reader(number, plan, ground, recorder).run() for number in range(READERS)),
            *(KvClient(number, plan, ground, recorder, counts.values).run() for number in range(KV_CLIENTS)),
            Operator(plan, ground, recorder).run(),
        ]
        watching = [WatcherActor(number, plan, ground, recorder).run() for number in range(WATCHERS)]
        async with Crowd([*brokers, *watching, Poller(ground, recorder).run(), ground.surprises(recorder)]) as lasting:
            async with Crowd(others) as crowd:
                await crowd.during(make_all(ground, plan.faults, recorder, plan.seconds))
                await crowd.during(asyncio.sleep(max(0.0, plan.seconds - recorder.now())))
            await lasting.during(last_look(plan, ground, recorder))
        await all_leave(plan, ground, recorder)


class Crowd:
    """Tasks that run for ever; one that fails fails whoever runs them."""

    def __init__(self, runs: list[Coroutine[Any, Any, None]]) -> None:
        self._tasks = [asyncio.create_task(run) for run in runs]

    async def __aenter__(self) -> "Crowd":
        return self

    async def during(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this while they run."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait([task, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for one in self._tasks:
                if one.done():
                    one.result()
            await task
        finally:
            task.cancel()

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task


def last_paths(plan: Plan) -> list[str]:
    """Everything that all nodes must answer alike in the end."""
    topics = sorted({topic for broker in plan.brokers for topic in topics_of(broker.name, 1)})
    lists = ["/v1/topics", "/v1/clusters", "/v1/brokers?limit=1000", f"/v1/kv/{SPACE}", "/v1/brake", "/v1/settings"]
    return [*lists, *(f"/v1/routes/{topic}" for topic in topics)]


async def last_look(plan: Plan, ground: Ground, recorder: Recorder) -> None:
    """Ask all nodes for everything once nobody writes any more, until nothing has changed while that was asked."""
    caller = HttpCaller("last", recorder)
    try:
        await asyncio.sleep(QUIET_S)
        with suppress(AssertionError):
            await eventually(lambda: _all_asked(plan, ground, caller), CONVERGED_S, every_s=0.5)
        for name in sorted({broker.name for broker in plan.brokers}):
            for place in ground.nodes:
                await caller.call(place, "route", "GET", f"/v1/routes/own-{name}", topic=f"own-{name}")
        for key in KV_KEYS:
            for place in ground.nodes:
                path = f"/v1/kv/{SPACE}/{key}?consistency=strong"
                await caller.call(place, "kv-get", "GET", path, key=key)
    finally:
        await caller.close()


async def _all_asked(plan: Plan, ground: Ground, caller: HttpCaller) -> bool:
    """Whether all nodes were at one revision from the first question to the last."""
    revisions = set()
    for path in last_paths(plan):
        for place in ground.nodes:
            call, _ = await caller.call(place, "last", "GET", path, asked=path)
            revisions.add(call.revision)
    return len(revisions) == 1


async def all_leave(plan: Plan, ground: Ground, recorder: Recorder) -> None:
    """Nobody is left for the next run on this ground."""
    caller = HttpCaller("last", recorder)
    for broker in plan.brokers:
        path = f"/v1/brokers/{broker.cluster}/{broker.name}/{broker.id}"
        await caller.call(ground.nodes[0], "end", "DELETE", path, broker=broker.broker)
    await caller.close()
