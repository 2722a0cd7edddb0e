"""The upper bound holds among fifty thousand leases, without notifications, and when hundreds lapse at once."""

import asyncio

import aiohttp
from redis.asyncio import Redis

from nsredis.core.brokers import Broker
from nsredis.core.observer import SilentObserver
from nsredis.registry.keyspace import Keyspace
from nsredis.registry.link import open_link
from nsredis.registry.restore import Restorer
from nsredis.registry.runner import ScriptRunner
from tests.conftest import OwnStore
from tests.scenarios.conftest import TwoProcesses
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.flicker import Stalls

MANY = 50_000
LAPSING = 300
LEASE_MS = 3000
PROMISE_MS = 500


async def test_the_upper_bound_among_fifty_thousand(
    own_store: OwnStore, two_processes: TwoProcesses, http: aiohttp.ClientSession, namespace: str
) -> None:
    store = own_store(config={"rename-command": "CONFIG ''"})
    await _register_many(store.url, namespace)
    nodes = [Api(http, node.http) for node in await two_processes(store.url)]
    assert len((await nodes[0].get("/v1/brokers?limit=10000")).json["items"]) == 10_000
    async with Redis.from_url(store.url) as client, Stalls() as stalls:
        names = [f"lapsing-{i}" for i in range(LAPSING)]
        for i in range(0, LAPSING, 50):
            replies = await asyncio.gather(
                *(
                    nodes[j % 2].register(name, address=f"10.9.{j // 250}.{j % 250}:1", leaseMs=LEASE_MS)
                    for j, name in enumerate(names[i : i + 50], i)
                )
            )
            assert {reply.status for reply in replies} == {201}
        body = {"brokers": [{"cluster": "c", "brokerName": name, "brokerId": 0} for name in names]}
        beaten = await nodes[0].call("POST", "/v1/heartbeats", body)
        assert {item["status"] for item in beaten.json["items"]} == {204}
        last_beat_ms = _ms(await client.time())

        async def gone(node: Api) -> float:
            async def no_route() -> bool:
                return (await node.route("TopicA")).status == 404

            await eventually(no_route, within_s=30, every_s=0.05)
            return _ms(await client.time())

        seen_ms = await asyncio.gather(*(gone(node) for node in nodes))
        for ms in seen_ms:
            assert ms - last_beat_ms <= LEASE_MS + PROMISE_MS + stalls.longest_ms
        for name in names:
            broker = (await nodes[0].get(f"/v1/brokers/c/{name}/0")).json
            silent_ms = broker["offlineAtMs"] - broker["lastBeatMs"]
            assert LEASE_MS <= silent_ms <= LEASE_MS + PROMISE_MS + stalls.longest_ms
        states = (await nodes[1].get("/metrics")).body.decode()
        assert f'nsredis_brokers{{state="online"}} {MANY}.0' in states


async def _register_many(url: str, namespace: str) -> None:
    """Living brokers by the thousand, put there as a node puts back what a store has lost."""
    link = open_link(url, namespace)
    restorer = Restorer(ScriptRunner(link, Keyspace(namespace), SilentObserver()), "setup")
    brokers = (
        Broker("c", f"living-{i}", 0, f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}:10911", 1, 3_600_000, 1, 1)
        for i in range(MANY)
    )
    assert await restorer.run([restorer.broker(broker, 0) for broker in brokers]) == MANY
    await restorer.open(0)
    await link.close()


def _ms(redis_time: tuple[int, int]) -> float:
    return redis_time[0] * 1000 + redis_time[1] / 1000
