"""`nsredis drain`: a broker group out of service, and back."""

import click

from nsredis.cli import output
from nsredis.cli.asking import json_option, run, server_option
from nsredis.cli.durations import duration_ms
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import OverrideBody


@click.command()
@click.argument("cluster")
@click.argument("name")
@click.option(
    "--perm",
    type=click.IntRange(0, 7),
    default=output.READ,
    show_default=True,
    help="What is left to the group: the sum of 4 (read) and 2 (write).",
)
@click.option("--reason", default="", help="Why; others see it in the list of brokers.")
@click.option("--for", "for_ms", type=duration_ms, metavar="TIME", help="Lift it by itself after, say, 90s or 1h30m.")
@click.option("--lift", is_flag=True, help="Put the group back into service, with its own permissions.")
@server_option
@json_option
@click.pass_context
def drain(
    context: click.Context,
    servers: list[str],
    cluster: str,
    name: str,
    perm: int,
    reason: str,
    for_ms: int | None,
    *,
    lift: bool,
    as_json: bool,
) -> None:
    """Take the broker group NAME of CLUSTER out of service, or back: by default, nobody writes to it any more."""
    given = (context.get_parameter_source(option) for option in ("perm", "reason", "for_ms"))
    if lift and any(source is click.core.ParameterSource.COMMANDLINE for source in given):
        raise click.UsageError("--lift stands alone: it gives the group all of its own permissions back")

    async def ask() -> None:
        async with ApiClient(servers) as client:
            if lift:
                await client.lift_override(cluster, name)
                if not as_json:
                    click.echo(f"{name} has its own permissions again")
                return
            body = await client.put_override(cluster, name, OverrideBody(perm, reason, for_ms))
        if as_json:
            output.json_body(body)
            return
        until = f" for {output.duration_text(for_ms)}" if for_ms is not None else ""
        click.echo(f"{name} is drained: {output.perm_text(perm)} is left to it{until}")

    run(ask())
