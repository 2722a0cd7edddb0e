"""Which nodes have applied a change: two real nodes, and one that only says how far it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from nsredis.core.node_info import NodeInfo
from nsredis.registry.presence import Presence
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.scripted_store import real_runner
from tests.support.store_process import StoreProcess


class Peer:
    """A live node, as far as others can tell."""

    def __init__(self, presence: Presence, info: list[NodeInfo]) -> None:
        self._presence = presence
        self._info = info

    async def says(self, revision: int, tag: str = "") -> None:
        """It is at a revision now, and lives on."""
        self._info[0] = replace(self._info[0], revision=revision, tag=tag)
        await self._presence.announce()


@pytest.fixture
async def peer(store_server: StoreProcess, namespace: str) -> AsyncIterator[Peer]:
    info = [NodeInfo("a-peer", "h:1", "h:2", ready=True, revision=0, tag="", lag_ms=7, version="1", started_at_ms=9)]
    async with real_runner(store_server.url, namespace) as runner:
        yield Peer(Presence(runner, lambda: info[0], lambda offset_ms: None), info)


async def test_all_nodes_of_a_cluster_get_there(
    api: Api, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    other = Api(http, (await node_factory(store_server.url, node_id="another-node")).http_address)

    async def both() -> bool:
        return len((await api.get("/v1/nodes")).json["items"]) == 2

    await eventually(both)
    revision = (await other.register("a")).json["revision"]
    reply = await api.get(f"/v1/convergence?revision={revision}&wait=30")
    assert reply.status == 200
    assert reply.json == {
        "revision": revision,
        "converged": True,
        "items": [
            {"id": "another-node", "revision": revision, "lagMs": 0, "ready": True, "applied": True},
            {"id": "the-node", "revision": revision, "lagMs": 0, "ready": True, "applied": True},
        ],
    }


async def test_by_default_it_is_the_newest_revision_of_the_store(api: Api) -> None:
    revision = (await api.register("a")).json["revision"]
    assert (await api.get("/v1/convergence")).json["revision"] == revision
    assert (await api.get("/v1/convergence?wait=5")).json["converged"] is True


async def test_a_node_that_is_behind_is_named(api: Api, peer: Peer) -> None:
    revision = (await api.register("a")).json["revision"]

    async def heard_of() -> bool:
        await peer.says(revision - 1)
        reply = (await api.get(f"/v1/convergence?revision={revision}")).json
        shown = {item["id"]: (item["revision"], item["applied"], item["lagMs"]) for item in reply["items"]}
        assert reply["converged"] is ("a-peer" not in shown)
        return shown.get("a-peer") == (revision - 1, False, 7)

    await eventually(heard_of)
    assert (await api.get(f"/v1/convergence?revision={revision - 1}")).json["converged"] is True


async def test_who_waits_is_answered_when_the_last_one_is_there(api: Api, peer: Peer) -> None:
    revision = (await api.register("a")).json["revision"]

    async def heard_of() -> bool:
        await peer.says(revision - 1)
        return (await api.get("/v1/convergence")).json["converged"] is False

    await eventually(heard_of)
    waiting = asyncio.create_task(api.get(f"/v1/convergence?revision={revision}&wait=60"))
    at_the_end = await api.get(f"/v1/convergence?revision={revision}&wait=1")
    assert (at_the_end.status, at_the_end.json["converged"]) == (200, False)
    assert not waiting.done()
    await peer.says(revision)
    reply = await asyncio.wait_for(waiting, 10)
    assert reply.json["converged"] is True


async def test_the_own_revision_is_waited_for(api: Api) -> None:
    revision = (await api.register("a")).json["revision"]
    waiting = asyncio.create_task(api.get(f"/v1/convergence?revision={revision + 1}&wait=60"))
    ahead = await api.get(f"/v1/convergence?revision={revision + 1}")
    assert (ahead.status, ahead.json["converged"]) == (200, False)
    assert not waiting.done()
    await api.register("b")
    assert (await asyncio.wait_for(waiting, 10)).json["converged"] is True


async def test_a_node_at_the_same_number_of_another_history_has_not_applied_it(api: Api, peer: Peer) -> None:
    revision = (await api.register("a")).json["revision"]

    async def told_apart() -> bool:
        await peer.says(revision, "another-history")
        reply = (await api.get("/v1/convergence")).json
        return [item["applied"] for item in reply["items"]] == [False, True] and reply["converged"] is False

    await eventually(told_apart)


async def test_without_the_store_only_a_revision_that_is_named_can_be_told_of(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    api = Api(http, (await node_factory(store.url)).http_address)
    revision = (await api.register("a")).json["revision"]
    store.kill9()
    newest = await api.get("/v1/convergence")
    assert (newest.status, newest.json["code"]) == (503, "store-unavailable")
    known = await api.get(f"/v1/convergence?revision={revision}")
    assert (known.status, known.json["converged"]) == (200, True)


async def test_a_node_that_goes_away_answers_those_who_wait(
    node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, drain_ms=10_000)
    api = Api(http, node.http_address)
    waiting = asyncio.create_task(api.get("/v1/convergence?revision=1000000&wait=60"))
    assert (await api.get("/v1/convergence?revision=1000000")).json["converged"] is False  # the other came before
    await node.stop()
    reply = await asyncio.wait_for(waiting, 10)
    assert (reply.status, reply.json["converged"]) == (200, False)


@pytest.mark.parametrize(("query", "field"), [("wait=61", "wait"), ("wait=-1", "wait"), ("revision=x", "revision")])
async def test_what_breaks_a_rule_is_refused(api: Api, query: str, field: str) -> None:
    reply = await api.get(f"/v1/convergence?{query}")
    assert (reply.status, reply.json["field"]) == (422, field)
