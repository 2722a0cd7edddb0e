"""When half of a cluster falls silent at once, that is doubted; a single dead broker still goes on time."""

import asyncio
from collections.abc import Iterator
from functools import partial

import aiohttp
import pytest

from tests.scenarios.conftest import TwoProcesses
from tests.support.api import Api, Beating, Reply
from tests.support.eventually import eventually
from tests.support.flicker import Flicker
from tests.support.listener import Listener
from tests.support.store_process import StoreProcess

NAMES = [f"broker-{i:02}" for i in range(20)]
HALF = NAMES[:10]
LEASE_MS = 2000


@pytest.fixture
async def nodes(
    two_processes: TwoProcesses, store_server: StoreProcess, http: aiohttp.ClientSession
) -> tuple[Api, Api]:
    """Two nodes, each a process of its own."""
    first, second = await two_processes(store_server.url)
    return Api(http, first.http), Api(http, second.http)


@pytest.fixture
def ports() -> Iterator[list[Listener]]:
    """Ports that brokers listen on."""
    listeners = [Listener() for _ in NAMES]
    yield listeners
    for listener in listeners:
        listener.close()


async def _serving(node: Api, names: list[str]) -> bool:
    return await node.brokers_of("TopicA") == names


async def _brake(node: Api) -> list[dict[str, object]]:
    items: list[dict[str, object]] = (await node.get("/v1/brake")).json["items"]
    return items


async def _holding(node: Api, names: list[str]) -> bool:
    items = await _brake(node)
    assert [item["state"] for item in items] == ["holding"]
    return [held["brokerName"] for held in items[0]["held"]] == names  # type: ignore[attr-defined]


async def _gauge(node: Api, name: str) -> float:
    text = (await node.get("/metrics")).body.decode()
    return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith(name))


async def _kinds(node: Api) -> list[str]:
    return [event["kind"] for event in (await node.get("/v1/events")).json["items"]]


async def test_half_of_a_cluster_is_held_told_and_released_by_its_own_beats(nodes: tuple[Api, Api]) -> None:
    async with Beating(list(nodes), NAMES, every_s=0.2, leaseMs=LEASE_MS) as beating:
        for node in nodes:
            await eventually(partial(_serving, node, NAMES))
        await beating.once()
        async with Flicker(nodes, "TopicA", always=set(NAMES)) as flicker:
            beating.silence(*HALF)
            for node in nodes:
                await eventually(partial(_holding, node, HALF), within_s=10)
            replies = [await node.get("/v1/brake") for node in nodes]
            assert (replies[0].body, replies[0].etag) == (replies[1].body, replies[1].etag)
            (brake,) = replies[0].json["items"]
            assert brake["why"] == "10 of 20 brokers fell silent within 2000 ms"
            assert brake["heldUntilMs"] == max(held["heldUntilMs"] for held in brake["held"])
            assert brake["held"][0]["heldUntilMs"] - brake["held"][0]["heldSinceMs"] == 10 * LEASE_MS
            held = (await nodes[0].get(f"/v1/brokers/c/{HALF[0]}/0")).json
            assert (held["state"], held["heldSinceMs"]) == ("online", brake["held"][0]["heldSinceMs"])
            live = (await nodes[0].get(f"/v1/brokers/c/{HALF[0]}/0?live=1")).json
            assert live["leaseLeftMs"] < 0
            assert await _gauge(nodes[0], "nsredis_brake_held_brokers") == 10
            assert sum([await _gauge(node, "nsredis_brake_engagements_total") for node in nodes]) == 1
            beating.speak(*HALF)

            async def released() -> bool:
                return [await _brake(node) for node in nodes] == [[], []]

            await eventually(released, within_s=10)
        assert flicker.missing == {}
    assert beating.registered_again == 0
    kinds = await _kinds(nodes[0])
    assert kinds.count("brake-held") >= 1
    assert kinds.count("brake-released") == 1
    assert "expire" not in kinds


async def test_one_of_twenty_goes_on_time(nodes: tuple[Api, Api]) -> None:
    async with Beating(list(nodes), NAMES, every_s=0.2, leaseMs=LEASE_MS) as beating:
        for node in nodes:
            await eventually(partial(_serving, node, NAMES))
        async with Flicker(nodes, "TopicA", always=set(NAMES[1:])) as flicker:
            beating.silence(NAMES[0])
            for node in nodes:
                await eventually(partial(_serving, node, NAMES[1:]), within_s=10)
        gone = (await nodes[0].get(f"/v1/brokers/c/{NAMES[0]}/0?consistency=strong")).json
        assert LEASE_MS <= gone["offlineAtMs"] - gone["lastBeatMs"] <= LEASE_MS + 500 + flicker.stalled_ms
        assert flicker.missing == {}
    assert "brake-held" not in await _kinds(nodes[0])


async def test_all_may_leave_at_once(nodes: tuple[Api, Api]) -> None:
    await asyncio.gather(*(nodes[0].register(name) for name in NAMES))
    replies = await asyncio.gather(*(nodes[1].call("DELETE", f"/v1/brokers/c/{name}/0") for name in NAMES))
    assert {reply.status for reply in replies} == {204}
    assert await nodes[1].brokers_of("TopicA") == []
    assert "brake-held" not in await _kinds(nodes[1])


async def test_an_operator_lets_go_who_is_held(nodes: tuple[Api, Api]) -> None:
    assert (await _release(nodes[0])).status == 404
    async with Beating(list(nodes), NAMES, every_s=0.2, leaseMs=LEASE_MS) as beating:
        await beating.once()
        beating.silence(*HALF)
        for node in nodes:
            await eventually(partial(_holding, node, HALF), within_s=10)
        released = await _release(nodes[0])
        assert released.status == 200
        for node in nodes:
            await eventually(partial(_serving, node, NAMES[10:]), within_s=5)
        events = (await nodes[1].get(f"/v1/events?after={released.json['revision'] - 1}")).json["items"]
        assert events[0]["kind"] == "brake-let-go"
        assert events[0]["by"].startswith("http ")
        assert {event["kind"] for event in events[1:]} <= {"expire", "brake-released"}

        async def off() -> bool:
            return [await _brake(node) for node in nodes] == [[], []]

        await eventually(off)


async def test_of_those_held_the_ones_whose_ports_refuse_go_at_once(
    nodes: tuple[Api, Api], ports: list[Listener]
) -> None:
    addresses = {name: port.address for name, port in zip(NAMES, ports, strict=True)}
    async with Beating(list(nodes), NAMES, every_s=0.2, leaseMs=LEASE_MS, addresses=addresses) as beating:

        async def reached() -> bool:
            return sum([await _gauge(node, 'nsredis_probes_total{outcome="reached"}') for node in nodes]) == len(NAMES)

        await eventually(reached, within_s=10)
        await beating.once()
        beating.silence(*HALF)
        for port in ports[:5]:
            port.close()

        async def five_are_lost() -> bool:
            return await nodes[0].brokers_of("TopicA") == NAMES[5:]

        await eventually(five_are_lost, within_s=15)
        events = (await nodes[0].get("/v1/events")).json["items"]
        lost = [event for event in events if event["kind"] == "lost"]
        assert {event["why"] for event in lost} == {"it was held by the brake and its port refuses connections"}
        assert len(lost) == 5
        gone = (await nodes[0].get(f"/v1/brokers/c/{NAMES[0]}/0")).json
        assert gone["reason"] == "connection-lost"
        for name in HALF[5:]:  # a quarter is silent now, and so each of these has its last lease
            assert (await nodes[1].beat(name)).status == 204


async def _release(node: Api) -> Reply:
    return await node.call("POST", "/v1/brake/c/release")
