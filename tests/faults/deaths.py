"""Brokers that really die, each in a cluster of its own, where no brake holds it: how long until each was gone."""

import asyncio
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from tests.support.api import Api
from tests.support.eventually import eventually

PREFIX = "victim"
LEASE_MS = 1000
PROMISE_MS = 500
"""A broker that stops is gone so long after its lease at most."""


async def register(node: Api, name: str, lease_ms: int = LEASE_MS, cluster: str = "") -> None:
    """A broker that never beats."""
    reply = await node.register(name, cluster=cluster or name, topics={name: {}}, leaseMs=lease_ms)
    assert reply.status == HTTPStatus.CREATED, reply


async def silent_ms(node: Api, name: str, within_s: float = 20.0, cluster: str = "") -> int:
    """Wait until a broker is offline; how long after its last beat it went, on Redis' clock."""

    async def gone() -> dict[str, int]:
        reply = await node.get(f"/v1/brokers/{cluster or name}/{name}/0?consistency=strong")
        assert reply.status == HTTPStatus.OK, reply
        assert reply.json["state"] == "offline"
        found: dict[str, int] = reply.json
        return found

    record = await eventually(gone, within_s, what=f"{name} is offline", every_s=0.05)
    return record["offlineAtMs"] - record["lastBeatMs"]


async def one_after_another(nodes: Sequence[Api], count: int, pause_s: float, prefix: str = PREFIX) -> list[int]:
    """Some that die, registered through the nodes in turn; how long each was silent before it went, in ms."""
    names = [f"{prefix}-{number}" for number in range(count)]
    for number, name in enumerate(names):
        await register(nodes[number % len(nodes)], name)
        await asyncio.sleep(pause_s)
    return list(await asyncio.gather(*map(partial(silent_ms, nodes[0]), names)))


def alive(removed: Sequence[str], prefix: str = PREFIX) -> list[str]:
    """What `LivingBrokers.removed` found, without those that were to die."""
    return [words for words in removed if not words.startswith(prefix)]
