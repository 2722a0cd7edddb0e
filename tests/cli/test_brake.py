"""`nsredis brake`, against a real node."""

import json

from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import RegisterBody
from tests.cli.commands import command
from tests.support.eventually import eventually
from tests.support.scripted_store import ScriptedStore, real_runner
from tests.support.store_process import StoreProcess


async def test_who_is_held_is_shown_and_let_go(
    server: str, client: ApiClient, store_server: StoreProcess, namespace: str
) -> None:
    run = await command("brake", server=server)
    assert (run.code, run.err) == (0, "nobody is held\n")
    run = await command("brake", "release", "c", server=server)
    assert run.code == 1
    assert "not engaged in cluster c" in run.err
    for number in range(3):
        await client.register("c", f"b{number}", 0, RegisterBody(f"127.0.0.1:{number + 1}", lease_ms=600_000))
    async with real_runner(store_server.url, namespace) as runner:
        await ScriptedStore(runner).lapse("b0/0", "b1/0", "b2/0")

    async def three_held() -> bool:
        return sum(info.held_count for info in (await client.brakes()).value) == 3

    await eventually(three_held)
    run = await command("brake", server=server)
    assert run.out.startswith("c holding since ")
    assert "3 of 3 brokers fell silent within 120000 ms; 3 held" in run.out
    assert [row[:4] for row in run.rows if row[:1] == ["c"] and len(row) > 1 and row[1].startswith("b")] == [
        ["c", f"b{number}", "0", f"127.0.0.1:{number + 1}"] for number in range(3)
    ]
    assert "held by the brake for" in (await command("brokers", server=server)).out
    assert "held since" in (await command("broker", "c", "b0", "0", server=server)).out
    run = await command("brake", "list", "--json", server=server)
    assert json.loads(run.out)["items"][0]["heldCount"] == 3
    run = await command("brake", "release", "c", server=server)
    assert run.out.startswith("who is held in c goes now (revision ")

    async def gone() -> bool:
        return {info.state for info in (await client.brokers("c")).value} == {"offline"}

    await eventually(gone)
