"""`nsredis brake`: whom the expiry brake holds, and letting them go."""

import click

from nsredis.cli import output
from nsredis.cli.asking import json_option, run, server_option
from nsredis.cli.listing_group import ListsByDefault
from nsredis.client.http_client import ApiClient


@click.group(cls=ListsByDefault)
def brake() -> None:
    """Show whom the expiry brake holds, or let them go. Without a command, list the clusters where it is engaged."""


@brake.command("list")
@server_option
@json_option
def brake_list(servers: list[str], *, as_json: bool) -> None:
    """List the clusters where the brake is engaged, and the brokers that it holds."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.brakes()
        if as_json:
            output.json_body(reply.body)
            return
        for info in reply.value:
            since = f" since {output.time_text(info.since_ms)}" if info.since_ms is not None else ""
            why = f": {info.why}" if info.why else ""
            click.echo(f"{info.cluster} {info.state}{since}{why}; {info.held_count} held")
        rows = [
            (
                info.cluster,
                held.broker_name,
                held.broker_id,
                held.address,
                output.age_text(held.held_since_ms),
                output.time_text(held.held_until_ms),
            )
            for info in reply.value
            for held in info.held
        ]
        output.table(["cluster", "broker", "id", "address", "held for", "until"], rows, empty="nobody is held")

    run(ask())


@brake.command("release")
@click.argument("cluster")
@server_option
@json_option
def brake_release(servers: list[str], cluster: str, *, as_json: bool) -> None:
    """Let the brokers go that are held in CLUSTER: they leave the routes now."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.release_brake(cluster)
        if as_json:
            output.json_body(reply.body)
        else:
            click.echo(f"who is held in {cluster} goes now (revision {reply.value.revision})")

    run(ask())
