"""`nsredis register` against a real node."""

import signal

import pytest

from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import RegisterBody
from tests.cli.commands import command, running
from tests.support.eventually import eventually

BROKER = ("c", "a", "0", "10.0.0.1:10911")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_beats_until_a_signal_and_then_leaves(server: str, client: ApiClient, how: signal.Signals) -> None:
    topics = ("--topic", "TopicA:4:2:6", "--topic", "%RETRY%g")
    async with running("register", *BROKER, *topics, "--lease-ms", "1000", "--zone", "az1", server=server) as register:
        await register.says("registered")
        first = (await client.broker("c", "a", 0, live=True)).value
        assert (first.state, first.zone, first.lease_ms) == ("online", "az1", 1000)
        (queues,) = (await client.route("TopicA")).value.queue_datas
        assert (queues.read_queue_nums, queues.write_queue_nums, queues.perm) == (4, 2, 6)

        async def lived_longer_than_its_lease() -> bool:
            now = (await client.broker("c", "a", 0, live=True)).value
            assert now.state == "online"
            return (now.last_beat_ms or 0) > (first.last_beat_ms or 0) + 1200

        await eventually(lived_longer_than_its_lease, 10)
        run = await register.end(how)
    assert run.code == 0
    assert run.out.endswith("a: left\n")
    left = (await client.broker("c", "a", 0)).value
    assert (left.state, left.reason) == ("offline", "unregistered")


async def test_a_refusal_is_told_in_one_line(server: str, client: ApiClient) -> None:
    await client.register("other", "a", 0, RegisterBody("10.0.0.9:10911", lease_ms=600_000))
    run = await command("register", *BROKER, server=server)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("nsredis: ")
    assert run.err.count("\n") == 1
    assert "other" in run.err


async def test_it_ends_when_another_process_takes_its_id(server: str, client: ApiClient) -> None:
    async with running("register", *BROKER, "--lease-ms", "1000", server=server) as register:
        await register.says("registered")
        body = RegisterBody("10.0.0.2:10911", lease_ms=600_000, instance="another")
        await client.register("c", "a", 0, body)
        run = await register.ended()
    assert run.code == 1
    assert "another process registered this broker at 10.0.0.2:10911" in run.err
    assert (await client.broker("c", "a", 0)).value.state == "online"


@pytest.mark.parametrize("topic", ["TopicA:x", "TopicA:1:2:3:4", ":8", "TopicA:8:8:99", "TopicA:-1"])
async def test_topics_that_cannot_be_are_told(topic: str) -> None:
    run = await command("register", *BROKER, "--topic", topic, server="127.0.0.1:1")
    assert run.code == 2
    assert "--topic" in run.err
