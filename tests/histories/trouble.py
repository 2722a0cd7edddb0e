"""Doing what the plan's faults say, taking it back, and waiting until every node follows again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from redis.asyncio import Redis

from tests.histories.disturbances import FAILOVERS
from tests.histories.ground import Ground, NodePlace
from tests.histories.lines import INFINITY, Fault
from tests.histories.plan import OF_A_NODE, FaultPlan
from tests.histories.recorder import Recorder
from tests.histories.sentinel_ground import SentinelGround
from tests.support.eventually import eventually

HEALS_S: Final = 30.0
"""Nodes that do not follow for so long after a fault was taken back never will."""

SLOW_S: Final = 0.1

Trouble = Callable[[Ground, NodePlace, float], AbstractAsyncContextManager[None]]


async def _tell(ground: Ground, *command: str | int) -> None:
    async with Redis.from_url(ground.store.url) as client:
        await client.execute_command(*command)  # type: ignore[no-untyped-call]


@asynccontextmanager
async def node_kill(_: Ground, node: NodePlace, __: float) -> AsyncIterator[None]:
    node.process.kill9()
    yield
    node.start()


@asynccontextmanager
async def node_stop(_: Ground, node: NodePlace, __: float) -> AsyncIterator[None]:
    os.kill(node.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.pid, signal.SIGCONT)


@asynccontextmanager
async def store_kill(ground: Ground, _: NodePlace, __: float) -> AsyncIterator[None]:
    ground.store.kill9()
    yield
    await asyncio.to_thread(ground.store.start)


@asynccontextmanager
async def store_stop(ground: Ground, _: NodePlace, __: float) -> AsyncIterator[None]:
    ground.store.pause()
    try:
        yield
    finally:
        ground.store.resume()


@asynccontextmanager
async def store_pause(ground: Ground, _: NodePlace, lasts: float) -> AsyncIterator[None]:
    await _tell(ground, "CLIENT", "PAUSE", int(lasts * 1000), "ALL")
    yield


@asynccontextmanager
async def store_pause_write(ground: Ground, _: NodePlace, lasts: float) -> AsyncIterator[None]:
    await _tell(ground, "CLIENT", "PAUSE", int(lasts * 1000), "WRITE")
    yield


@asynccontextmanager
async def kill_pubsub(ground: Ground, _: NodePlace, __: float) -> AsyncIterator[None]:
    await _tell(ground, "CLIENT", "KILL", "TYPE", "PUBSUB")
    yield


@asynccontextmanager
async def kill_normal(ground: Ground, _: NodePlace, __: float) -> AsyncIterator[None]:
    await _tell(ground, "CLIENT", "KILL", "TYPE", "NORMAL")
    yield


@asynccontextmanager
async def flush(ground: Ground, _: NodePlace, __: float) -> AsyncIterator[None]:
    await _tell(ground, "FLUSHALL")
    yield


@asynccontextmanager
async def failover(ground: Ground, _: NodePlace, __: float) -> AsyncIterator[None]:
    assert isinstance(ground, SentinelGround)
    await ground.fail_over()
    yield
    await ground.bring_back()


@asynccontextmanager
async def hole(_: Ground, node: NodePlace, __: float) -> AsyncIterator[None]:
    node.way.black_hole()
    try:
        yield
    finally:
        node.way.heal()


@asynccontextmanager
async def slow(_: Ground, node: NodePlace, __: float) -> AsyncIterator[None]:
    node.way.delay_s = SLOW_S
    try:
        yield
    finally:
        node.way.delay_s = 0.0


@asynccontextmanager
async def cut(_: Ground, node: NodePlace, __: float) -> AsyncIterator[None]:
    await node.way.shut()
    try:
        yield
    finally:
        await node.way.__aenter__()


TROUBLES: Final[dict[str, Trouble]] = {
    "node-kill": node_kill,
    "node-stop": node_stop,
    "store-kill": store_kill,
    "store-stop": store_stop,
    "store-pause": store_pause,
    "store-pause-write": store_pause_write,
    "kill-pubsub": kill_pubsub,
    "kill-normal": kill_normal,
    "flush": flush,
    "failover": failover,
    "failover-loss": failover,
    "hole": hole,
    "slow": slow,
    "cut": cut,
}


async def make(ground: Ground, fault: FaultPlan, recorder: Recorder) -> None:
    """One fault, from its beginning until all nodes follow again; then it becomes a line."""
    node = ground.nodes[fault.target]
    if fault.kind == "failover-loss":
        await _deafen(ground, fault.lasts, recorder)
    start = recorder.now()
    async with TROUBLES[fault.kind](ground, node, fault.lasts):
        if fault.kind not in FAILOVERS:  # they are over when there is a primary again
            await asyncio.sleep(fault.lasts)
        end = recorder.now()
    healed = INFINITY
    try:
        await eventually(ground.follows, HEALS_S, every_s=0.1)
        healed = recorder.now()
    except AssertionError:
        pass
    target = str(fault.target) if fault.kind in OF_A_NODE else "store"
    recorder.keep(Fault(fault.kind, target, start, end, healed))


async def _deafen(ground: Ground, lasts: float, recorder: Recorder) -> None:
    """What is written from now on no replica hears of, so the next primary will not know it: a line of its own."""
    assert isinstance(ground, SentinelGround)
    start = recorder.now()
    await ground.forget_replicas()
    await asyncio.sleep(lasts)
    end = recorder.now()
    recorder.keep(Fault("deaf", "store", start, end, end + 0.1))


async def make_all(ground: Ground, faults: tuple[FaultPlan, ...], recorder: Recorder, ends: float) -> None:
    """All faults of a plan. Those that overlap in the plan overlap; each other waits until all before it are healed."""
    running: list[asyncio.Task[None]] = []
    busy_until = 0.0
    try:
        for fault in faults:
            if fault.at > busy_until:
                for task in running:
                    await task
                running.clear()
            await asyncio.sleep(max(0.0, fault.at - recorder.now()))
            if recorder.now() + fault.lasts > ends:
                break
            running.append(asyncio.create_task(make(ground, fault, recorder)))
            busy_until = max(busy_until, fault.at + fault.lasts)
        for task in running:
            await task
    finally:
        for task in running:
            task.cancel()
