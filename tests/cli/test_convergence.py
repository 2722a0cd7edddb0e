"""`nsredis convergence` against a real node."""

import json

from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import RegisterBody
from tests.cli.commands import command


async def test_the_newest_revision_is_everywhere(server: str, client: ApiClient) -> None:
    revision = (await client.register("c", "a", 0, RegisterBody("10.0.0.1:1", lease_ms=600_000))).value.revision
    run = await command("convergence", "--wait", "30", server=server)
    assert run.code == 0
    assert run.out.splitlines()[0].split() == ["NODE", "REVISION", "APPLIED", "LAG", "READY"]
    assert run.rows[0][1:] == [str(revision), "yes", "0s", "yes"]
    assert run.out.splitlines()[-1] == f"revision {revision}: all nodes have it"


async def test_one_that_is_not_there_yet_ends_with_1(server: str) -> None:
    run = await command("convergence", "1000000", "--wait", "1", server=server)
    assert run.code == 1
    assert run.out.splitlines()[-1] == "revision 1000000: 1 of 1 nodes do not have it"
    run = await command("convergence", "1000000", "--json", server=server)
    assert (run.code, json.loads(run.out)["converged"]) == (1, False)


async def test_what_breaks_a_rule_is_a_wrong_command(server: str) -> None:
    assert (await command("convergence", "--wait", "61", server=server)).code == 2
    assert (await command("convergence", "x", server=server)).code == 2
