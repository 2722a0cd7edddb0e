"""Two brokers claim one name and id from two addresses: the route flips a few times, then stays with one of them."""

import asyncio
from collections import Counter
from functools import partial

import aiohttp

from nsredis.core.queues import QueueData
from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import CLUSTER, LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.metrics import metric
from tests.support.api import Api
from tests.support.remoting import RemotingClient

NAME, TOPIC = "twin", "Twins"
ADDRESSES = ("10.0.0.1:10911", "10.0.0.2:10911")
LEASE_MS = 3000
SWAPS = 3
"""So often an id may change its address within two leases."""
FIGHT_S = 3.0


async def test_two_fight_for_one_id(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    nodes = await serve(own_store().url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by(apis)
        clients = [await RemotingClient.connect(node.remoting) for node in nodes]
        assert await _register(clients[0], 0) == 0
        routes = brokers.routes | {TOPIC: {NAME: ADDRESSES[0]}}
        await apis[1].get("/v1/topics?consistency=strong")
        async with LookupLoad(nodes, routes) as load:
            await load.steady()
            load.expected.change(TOPIC, {NAME: ADDRESSES[1]})
            said = sum(await asyncio.gather(*(_fight(client, n) for n, client in enumerate(clients))), Counter[int]())
            await load.steady()
            recovery_s = await brokers.shown_by(apis)
        items = (await apis[0].get("/v1/events?limit=10000")).json["items"]
        moves = [event for event in items if event["kind"] == "move"]
        alarms = [event for event in items if event["kind"] == "address-frozen"]
        frozen = sum([await metric(api, 'nsredis_registrations_total{outcome="address-frozen"') for api in apis])
        figures.note(
            row=18,
            fault=f"Two brokers register one name and id ten times a second each, for {FIGHT_S:.0f} s",
            promises=(1, 3, 6),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            extra={
                "changes of its address": len(moves),
                "alarms": len(alarms),
                "registrations taken": said[0],
                "refused, and counted as address-frozen": frozen,
            },
            **load.figures(),
        )
        shown = {(await api.get(f"/v1/routes/{TOPIC}?consistency=strong")).body for api in apis}
        for client in clients:
            await client.close()
    assert load.share_right == 1, load.counts
    assert len(moves) == SWAPS, moves
    assert len(alarms) == 1
    assert frozen == said[1] > 0
    assert len(shown) == 1


async def _fight(client: RemotingClient, number: int) -> Counter[int]:
    """The codes of the answers."""
    said: Counter[int] = Counter()
    end = asyncio.get_running_loop().time() + FIGHT_S
    while asyncio.get_running_loop().time() < end:
        said[await _register(client, number)] += 1
        await asyncio.sleep(0.1)
    return said


async def _register(client: RemotingClient, number: int) -> int:
    topics = {TOPIC: QueueData(), f"{TOPIC}2": QueueData()}
    answer = await client.register(
        NAME, cluster=CLUSTER, address=ADDRESSES[number], topics=topics, heartbeatTimeoutMillis=str(LEASE_MS)
    )
    return answer.code


async def test_one_address_under_two_names_and_one_name_in_two_clusters(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures
) -> None:
    nodes = await serve(own_store().url, 2)
    apis = [Api(http, node.http) for node in nodes]
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by(apis)
        one = brokers.brokers[0]
        addressed = partial(apis[0].register, address=one.listener.address, topics={"Other": {}}, leaseMs=60_000)
        assert (await addressed("second-name")).status == 201
        await apis[1].get("/v1/topics?consistency=strong")
        async with LookupLoad(nodes, brokers.routes | {"Other": {"second-name": one.listener.address}}) as load:
            refused = [await addressed(one.name, cluster="another") for _ in range(20)]
            await load.steady()
            recovery_s = await brokers.shown_by(apis)
        items = (await apis[1].get("/v1/events?limit=10000")).json["items"]
        told = [event for event in items if event["kind"] == "name-refused"]
        figures.note(
            row=18,
            fault="One address under two names; one name in two clusters, 20 times",
            promises=(1, 3, 6),
            removed=await brokers.removed(apis),
            recovery_s=recovery_s,
            extra={"refused": len(refused), "events": len(told)},
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert {(reply.status, reply.json["code"]) for reply in refused} == {(409, "name-owned")}
    assert len(told) == 1
