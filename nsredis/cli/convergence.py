"""`nsredis convergence`: which nodes have applied a change."""

import sys

import click

from nsredis.cli import output
from nsredis.cli.asking import FAILED, json_option, run, server_option
from nsredis.client.http_client import ApiClient
from nsredis.client.http_transport import TIMEOUT_S

MAX_WAIT_S = 60


@click.command()
@click.argument("revision", required=False, type=click.IntRange(0))
@click.option(
    "--wait",
    "wait_s",
    metavar="SECONDS",
    type=click.IntRange(0, MAX_WAIT_S),
    default=0,
    help=f"Wait until all nodes have applied it, at most {MAX_WAIT_S} seconds.",
)
@server_option
@json_option
def convergence(servers: list[str], revision: int | None, wait_s: int, *, as_json: bool) -> None:
    """Show which nodes have applied REVISION, by default the newest.

    Ends with 0 when all of them have, else with 1.
    """
    all_have = False

    async def ask() -> None:
        nonlocal all_have
        async with ApiClient(servers, timeout_s=wait_s + TIMEOUT_S) as client:
            reply = await client.convergence(revision, wait_s=wait_s)
        found = reply.value
        all_have = found.converged
        if as_json:
            output.json_body(reply.body)
            return
        rows = [
            (
                node.id,
                node.revision,
                "yes" if node.applied else "no",
                output.duration_text(node.lag_ms),
                "yes" if node.ready else "no",
            )
            for node in found.items
        ]
        output.table(["node", "revision", "applied", "lag", "ready"], rows, empty="no nodes")
        behind = sum(not node.applied for node in found.items)
        done = "all nodes have it" if found.converged else f"{behind} of {len(rows)} nodes do not have it"
        click.echo(f"revision {found.revision}: {done}")

    run(ask())
    if not all_have:
        sys.exit(FAILED)
