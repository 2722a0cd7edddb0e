"""`nsredis watch` against a real node."""

import json
import signal

from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import OverrideBody, QueueDataBody, RegisterBody
from tests.cli.commands import command, running

BODY = RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics={"TopicA": QueueDataBody()})


async def test_a_topic_is_followed(server: str, client: ApiClient) -> None:
    async with running("watch", "TopicA", server=server) as watch:
        await watch.says("TopicA  no route: unknown-topic")
        await client.register("c", "a", 0, BODY)
        await watch.says("TopicA  a 0=10.0.0.1:10911 8:8 RW-")
        await client.put_override("c", "a", OverrideBody(4))
        await watch.says("8:8 R--")
        run = await watch.end(signal.SIGINT)
    assert run.code == 0
    assert len(run.out.splitlines()) == 3
    assert run.err == ""


async def test_without_a_topic_all_brokers_are_followed(server: str, client: ApiClient) -> None:
    async with running("watch", server=server) as watch:
        await client.register("c", "a", 0, BODY)
        await watch.says("a/0  online  c  10.0.0.1:10911")
        await client.unregister("c", "a", 0)
        await watch.says("a/0  offline  c  10.0.0.1:10911  unregistered")
        run = await watch.end()
    assert run.code == 0
    assert "\x1b" not in run.out


async def test_json_lines(server: str, client: ApiClient) -> None:
    await client.register("c", "a", 0, BODY)
    async with running("watch", "TopicA", "nowhere", "--json", server=server) as watch:
        await watch.says('"nowhere"')
        await watch.says('"TopicA"')
        run = await watch.end()
    events = {event["topic"]: event for event in map(json.loads, run.out.splitlines())}
    assert events["nowhere"]["route"] is None
    assert events["TopicA"]["route"]["brokerDatas"][0]["brokerName"] == "a"


async def test_topics_and_all_brokers_do_not_go_together() -> None:
    run = await command("watch", "TopicA", "--all", server="127.0.0.1:1")
    assert run.code == 2
    assert "--all" in run.err
