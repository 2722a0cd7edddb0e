"""The commands that show, against a real node."""

import json

import aiohttp
import pytest

from nsredis.client.http_client import ApiClient
from nsredis.registry import presence
from nsredis.wire.api_types import DataVersionBody, QueueDataBody, RegisterBody
from tests.cli.commands import command
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess

pytestmark = pytest.mark.usefixtures("fleet")


@pytest.fixture
async def fleet(client: ApiClient) -> None:
    """Two brokers of two clusters, and one that has left."""
    topics = {"%RETRY%g": QueueDataBody(1, 1, 6), "TopicA": QueueDataBody(8, 4, 6)}
    version = DataVersionBody(0, 1_700_000_000_000, 3)
    body = RegisterBody("10.0.0.1:10911", lease_ms=600_000, zone="az1", topics=topics, data_version=version)
    await client.register("c1", "a", 0, body)
    await client.register("c1", "a", 2, RegisterBody("10.0.0.2:10911", lease_ms=600_000))
    await client.register("c2", "b", 0, RegisterBody("[::1]:10911", lease_ms=60_000, topics={"Other": QueueDataBody()}))
    await client.register("c2", "gone", 0, RegisterBody("10.0.0.9:10911"))
    await client.unregister("c2", "gone", 0)


async def test_brokers(server: str) -> None:
    run = await command("brokers", server=server)
    assert run.code == 0
    assert run.out.splitlines()[0].split() == ["CLUSTER", "BROKER", "ID", "ADDRESS", "STATE", "ZONE", "LEASE", "NOTE"]
    assert run.rows[0] == ["c1", "a", "0", "10.0.0.1:10911", "online", "az1", "10m"]
    assert run.rows[1] == ["c1", "a", "2", "10.0.0.2:10911", "online", "10m"]
    assert run.rows[2] == ["c2", "b", "0", "[::1]:10911", "online", "1m"]
    assert run.rows[3][:6] == ["c2", "gone", "0", "10.0.0.9:10911", "offline", "unregistered"]
    assert "\x1b" not in run.out


async def test_a_suspect_is_shown_with_what_is_known_of_it(
    server: str, client: ApiClient, store_server: StoreProcess, namespace: str
) -> None:
    async with real_runner(store_server.url, namespace) as runner:
        revision = await ScriptedStore(runner).suspect("a", 2)

    async def followed() -> bool:
        return (await client.brokers("c1")).value[1].revision == revision

    await eventually(followed)
    run = await command("brokers", "c1", server=server)
    assert run.rows[1][4:9] == ["suspect", "10m", "its", "connection", "closed"]
    run = await command("broker", "c1", "a", "2", server=server)
    assert "suspect since" in run.out


async def test_brokers_of_one_cluster_with_their_leases(server: str) -> None:
    run = await command("brokers", "c2", "--live", server=server)
    assert [row[:2] for row in run.rows] == [["c2", "b"], ["c2", "gone"]]
    assert run.rows[0][-2:] == ["of", "1m"]
    run = await command("brokers", "nowhere", server=server)
    assert (run.code, run.out, run.err) == (1, "", "nsredis: no broker in cluster nowhere\n")


async def test_json_is_what_the_api_says(server: str, http: aiohttp.ClientSession) -> None:
    for path, arguments in {
        "/v1/brokers": ["brokers"],
        "/v1/brokers/c2": ["brokers", "c2"],
        "/v1/topics?prefix=T": ["topics", "--prefix", "T"],
        "/v1/routes/TopicA": ["route", "TopicA"],
        "/v1/clusters": ["clusters"],
    }.items():
        async with http.get(server + path) as answer:
            said = await answer.json()
        run = await command(*arguments, "--json", server=server)
        assert json.loads(run.out) == said
    run = await command("nodes", "--json", server=server)
    assert json.loads(run.out)["items"][0]["http"] == server.removeprefix("http://")
    run = await command("broker", "c1", "a", "0", "--json", server=server)
    assert json.loads(run.out)["leaseLeftMs"] > 0


async def test_one_broker(server: str) -> None:
    run = await command("broker", "c1", "a", "0", server=server)
    facts = {line[:14].strip(): line[14:].strip() for line in run.out.splitlines()}
    assert facts["broker"] == "a 0"
    assert facts["state"] == "online"
    assert facts["data version"] == "0/1700000000000/3"
    assert facts["lease"].endswith("of 10m")
    assert "why" not in facts
    run = await command("broker", "c2", "gone", "0", server=server)
    assert "unregistered" in run.out
    run = await command("broker", "c1", "a", "1", server=server)
    assert (run.code, run.err) == (1, "nsredis: no broker a/1 in cluster c1\n")


async def test_topics(server: str) -> None:
    assert (await command("topics", server=server)).out == "%RETRY%g\nOther\nTopicA\n"
    assert (await command("topics", "--cluster", "c2", server=server)).out == "Other\n"
    none = await command("topics", "--prefix", "X", server=server)
    assert (none.code, none.out, none.err) == (0, "", "no topics\n")


async def test_route(server: str) -> None:
    run = await command("route", "TopicA", server=server)
    assert run.rows == [["a", "c1", "0=10.0.0.1:10911", "2=10.0.0.2:10911", "8", "4", "RW-", "az1"]]
    assert (await command("route", "%RETRY%g", server=server)).code == 0
    run = await command("route", "TopicA", "--zone", "az9", server=server)
    assert (run.code, run.err) == (1, "nsredis: no route for topic TopicA: other-zone\n")


async def test_clusters_and_nodes(server: str) -> None:
    run = await command("clusters", server=server)
    assert [row[:2] for row in run.rows] == [["c1", "a"], ["c2", "b"]]
    run = await command("nodes", server=server)
    assert run.rows[0][1] == server.removeprefix("http://")
    assert "yes" in run.rows[0]


async def test_a_node_that_fell_silent_is_shown_as_lost(
    server: str, store_server: StoreProcess, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LIVES_MS", 3 * presence.EVERY_S * 1000)
    async with real_runner(store_server.url, namespace) as runner:
        store = ScriptedStore(runner)
        said = {"id": "n-2", "http": "10.0.0.2:8080", "remoting": "10.0.0.2:9876", "version": "0.1.0"}
        await store.announce("n-2", info=[part for pair in said.items() for part in pair])
        await store.redis.zincrby(runner.keyspace.fixed["nodes"], -120_000, "n-2")

    async def shown() -> bool:
        run = await command("nodes", server=server)
        return len(run.rows) == 2

    await eventually(shown, 15)
    run = await command("nodes", server=server)
    assert run.rows[1][:2] == ["n-2", "10.0.0.2:8080"]
    assert "lost 2m" in run.out
    (lost,) = json.loads((await command("nodes", "--json", server=server)).out)["lost"]
    assert {name: lost[name] for name in said} == said
