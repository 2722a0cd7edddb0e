"""The nodes behind Debian's haproxy: one drained, one killed, under load."""

import asyncio
import itertools
import time

import aiohttp
import pytest

from tests.deploy.balancer import Balancer
from tests.deploy.steady_load import SteadyLoad
from tests.support.eventually import eventually
from tests.support.serve_process import ServeProcess

pytestmark = pytest.mark.installed

MANY = 300
"""Requests that must have gone well before the next thing happens: about a second of the load."""


async def _many_more(load: SteadyLoad, moment: float) -> None:
    await eventually(lambda: len(load.since(moment)) > MANY, 20, what="the load goes on")


async def test_a_node_drains_without_a_failed_request_and_a_killed_one_fails_only_what_it_worked_on(
    balancer: Balancer, nodes: list[ServeProcess]
) -> None:
    async with SteadyLoad(balancer.url) as load:
        began = time.monotonic()
        await _many_more(load, began)
        assert set(load.nodes_since(began)) == {"node1", "node2", "node3"}

        nodes[0].terminate()
        assert await nodes[0].ended() == 0, nodes[0].output
        drained = time.monotonic()
        await _many_more(load, drained)
        assert not load.failed(), load.failed()[:5]
        assert set(load.nodes_since(drained)) == {"node2", "node3"}

        nodes[1].kill9()
        killed = time.monotonic()
        await _many_more(load, killed)
        for fate in load.failed():
            # A GET is repeated on another node unless its answer had begun; of the others it is not known whether they
            # were carried out, so whoever asked must be told.
            assert fate.began < killed < fate.ended + 1, fate
            assert fate.method in ("POST", "PUT"), fate
        assert set(load.nodes_since(killed)) - {""} == {"node3"}
        gap = _longest_gap([fate.ended for fate in load.fates if not fate.failed and fate.ended > drained])
        assert gap < 1, f"nothing was answered for {gap} s"


def _longest_gap(moments: list[float]) -> float:
    ordered = sorted(moments)
    return max(later - earlier for earlier, later in itertools.pairwise(ordered))


async def test_a_killed_node_takes_traffic_again_when_it_is_back(balancer: Balancer, nodes: list[ServeProcess]) -> None:
    async with SteadyLoad(balancer.url) as load:
        nodes[1].kill9()
        await eventually(lambda: "node2 is DOWN" in balancer.output, what=balancer.output)
        nodes[1].start()
        back = time.monotonic()
        await eventually(lambda: load.nodes_since(back)["node2"] > 10, 20, what="node2 answers again")


async def test_when_no_node_is_left_the_answer_is_a_problem_like_the_nodes_own(
    balancer: Balancer, nodes: list[ServeProcess], http: aiohttp.ClientSession
) -> None:
    for node in nodes:
        node.kill9()
    async with http.get(f"{balancer.url}/v1/routes/TopicA") as answer:
        assert answer.status == 503
        assert answer.content_type == "application/problem+json"
        assert int(answer.headers["Retry-After"]) > 0
        assert (await answer.json(content_type=None))["code"] == "no-node"


async def test_changes_come_through_at_once_and_a_long_poll_lasts_its_time(
    balancer: Balancer, http: aiohttp.ClientSession
) -> None:
    route = f"{balancer.url}/v1/routes/TopicA"

    async def event(stream: aiohttp.ClientResponse, part: bytes) -> None:
        async with asyncio.timeout(5):
            while part not in await stream.content.readuntil(b"\n\n"):
                pass

    async with http.get(f"{balancer.url}/v1/watch?topic=TopicA") as stream:
        await event(stream, b"event: route")
        body = {"address": "10.0.0.1:10911", "topics": {"TopicA": {}}}
        async with http.put(f"{balancer.url}/v1/brokers/c/b/0", json=body) as answer:
            assert answer.status == 201
            assert answer.headers["X-Request-Id"]
            revision = (await answer.json())["revision"]
        await event(stream, b'"brokerName":"b"')

    async with http.get(f"{route}?minRevision={revision}") as answer:
        etag = answer.headers["ETag"]
    began = time.monotonic()
    async with http.get(
        f"{route}?minRevision={revision}", headers={"If-None-Match": etag, "Prefer": "wait=3"}
    ) as answer:
        assert answer.status == 304
    assert time.monotonic() - began > 2.9
