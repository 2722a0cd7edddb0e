"""Draining, against a real node."""

import json

from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import QueueDataBody, RegisterBody
from tests.cli.commands import command


async def test_a_group_is_drained_and_put_back(server: str, client: ApiClient) -> None:
    body = RegisterBody("10.0.0.1:10911", lease_ms=600_000, topics={"TopicA": QueueDataBody()})
    await client.register("c", "a", 0, body)

    async def perm() -> int:
        return (await client.route("TopicA")).value.queue_datas[0].perm

    run = await command("drain", "c", "a", "--reason", "new disks", "--for", "1h", server=server)
    assert run.out == "a is drained: R-- is left to it for 1h\n"
    assert await perm() == 4
    override = (await client.broker("c", "a", 0)).value.override
    assert override is not None
    assert (override.perm, override.reason) == (4, "new disks")
    assert override.expires_at_ms is not None
    assert override.expires_at_ms - override.set_at_ms == 3_600_000
    assert "drained to R-- until" in (await command("brokers", server=server)).out

    run = await command("drain", "c", "a", "--perm", "0", "--json", server=server)
    assert json.loads(run.out)["revision"] > 0
    assert await perm() == 0
    assert (await command("drain", "c", "a", "--lift", server=server)).code == 0
    assert await perm() == 6


async def test_lifting_takes_no_permission_and_unknown_groups_are_told(server: str) -> None:
    run = await command("drain", "c", "a", "--lift", "--perm", "2", server=server)
    assert run.code == 2
    assert "--lift stands alone" in run.err
    run = await command("drain", "c", "a", server=server)
    assert run.code == 1
    assert run.err.startswith("nsredis: ")
    assert (await command("drain", "c", "a", "--for", "soon", server=server)).code == 2
