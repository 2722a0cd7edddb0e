"""`nsredis explain` against a real node."""

import json

from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import OverrideBody, QueueDataBody, RegisterBody
from tests.cli.commands import command

TOPICS = {"TopicA": QueueDataBody()}


async def test_a_route_comes_with_its_verdict_first(server: str, client: ApiClient) -> None:
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics=TOPICS))
    run = await command("explain", "TopicA", server=server)
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines() == [
        "served: TopicA has a route through a.",
        "",
        "a (c)  serving RW-",
        "  0  10.0.0.1:10911  online",
    ]
    as_json = await command("explain", "TopicA", "--json", server=server)
    assert (as_json.code, json.loads(as_json.out)["verdict"]) == (0, "served")


async def test_a_drained_group_is_told_with_its_override(server: str, client: ApiClient) -> None:
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics=TOPICS))
    await client.put_override("c", "a", OverrideBody(4, "disk swap", 600_000))
    run = await command("explain", "TopicA", server=server)
    assert run.code == 0
    lines = run.out.splitlines()
    assert lines[0].startswith("read-only: TopicA has a route through a, but nobody can write: ")
    assert lines[2].startswith("a (c)  serving R-- (registered RW-): an override by ")
    assert lines[3].startswith("  overridden since 2")
    assert " until 2" in lines[3]


async def test_without_a_route_it_ends_with_1(server: str, client: ApiClient) -> None:
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics=TOPICS))
    await client.unregister("c", "a", 0)
    run = await command("explain", "TopicA", server=server)
    assert (run.code, run.err) == (1, "")
    lines = run.out.splitlines()
    assert lines[0].startswith("offline: TopicA has no route: a: broker 0, its last, was unregistered by http ")
    assert lines[3].startswith("  0  10.0.0.1:10911  offline since 2")
    assert ": unregistered by http " in lines[3]
    assert ", last beat 2" in lines[3]
    as_json = await command("explain", "TopicA", "--json", server=server)
    assert (as_json.code, json.loads(as_json.out)["route"]) == (1, False)


async def test_a_name_that_is_not_known_comes_with_similar_ones(server: str, client: ApiClient) -> None:
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics=TOPICS))
    lines = (await command("explain", "TopcA", server=server)).out.splitlines()
    assert lines[0].startswith("never-registered: TopcA has no route")
    assert lines[1] == "topics with such a name: TopicA"
    assert lines[2].startswith("all changes are kept, and node ")


async def test_a_deletion_is_told_with_who_and_when(server: str, client: ApiClient) -> None:
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics=TOPICS, zone="az1"))
    other = await command("explain", "TopicA", "--zone", "az2", server=server)
    assert (other.code, other.out.partition(":")[0]) == (1, "other-zone")
    await client.request("DELETE", "topics", "TopicA")
    lines = (await command("explain", "TopicA", server=server)).out.splitlines()
    assert lines[0].startswith("deleted: ")
    assert lines[-1].startswith("2")
    assert "  delete-topic by http 127.0.0.1" in lines[-1]
