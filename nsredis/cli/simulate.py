"""`nsredis simulate`: a fleet of brokers that beat until Ctrl-C."""

import asyncio

import click

from nsredis.bench.fleet import Fleet, simulated_brokers
from nsredis.cli.asking import fail, run, server_option
from nsredis.cli.end_signals import EndSignals
from nsredis.cli.fleet_display import fleet_display
from nsredis.client.errors import Superseded
from nsredis.client.http_client import ApiClient
from nsredis.core.errors import InvalidField
from nsredis.core.leases import DEFAULT_LEASE_MS, MAX_LEASE_MS, MIN_LEASE_MS
from nsredis.core.names import check_topic


@click.command()
@click.option("--brokers", default=20, show_default=True, type=click.IntRange(1, 1_000_000), help="How many brokers.")
@click.option(
    "--topics", default=200, show_default=True, type=click.IntRange(1, 1_000_000), help="Topics of all together."
)
@click.option("--cluster", default="sim", show_default=True, help="Their cluster; the names begin with it.")
@click.option(
    "--lease-ms",
    type=click.IntRange(MIN_LEASE_MS, MAX_LEASE_MS),
    default=DEFAULT_LEASE_MS,
    show_default=True,
    help="How long a broker counts as alive after a beat.",
)
@server_option
def simulate(servers: list[str], brokers: int, topics: int, cluster: str, lease_ms: int) -> None:
    """Register many brokers, each the master of its own group, beat for all until Ctrl-C or SIGTERM, then leave."""
    simulated = simulated_brokers(brokers, topics, cluster)
    try:
        check_topic("cluster", simulated[0].topics[0])
    except InvalidField as error:
        raise click.BadParameter(error.detail, param_hint="--cluster") from None

    async def work() -> None:
        signals = EndSignals()
        async with ApiClient(servers) as client:
            fleet = Fleet(client, simulated, lease_ms)
            living = asyncio.create_task(_live(fleet))
            await signals.or_done(living)
            if not living.done():
                living.cancel()
                await asyncio.wait({living})
            left = fleet.online
            staying = await fleet.leave()
            if left:
                click.echo(f"{left - staying} brokers have left")
            if not living.cancelled():
                living.result()  # raises what ended it
            if staying:
                fail(f"{staying} brokers could not leave, and count as alive until their leases end")

    run(work())


async def _live(fleet: Fleet) -> None:
    """Register, beat and show it, until an error or for ever."""
    running = {asyncio.create_task(fleet.register_all()), asyncio.create_task(fleet.beat_on())}
    try:
        with fleet_display(fleet) as display:
            while True:
                display.show()
                done, running = await asyncio.wait(running, timeout=display.every_s)
                for task in done:
                    task.result()
                if fleet.counts.taken == len(fleet.brokers):
                    raise Superseded("another process registered all of these brokers")
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
