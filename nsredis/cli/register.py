"""`nsredis register`: one broker, kept registered until Ctrl-C."""

import asyncio

import click

from nsredis.cli.asking import fail, run, server_option
from nsredis.cli.end_signals import EndSignals
from nsredis.cli.output import harmless
from nsredis.client.broker_agent import BrokerAgent
from nsredis.client.errors import ClientError
from nsredis.client.http_client import ApiClient
from nsredis.core.errors import InvalidField
from nsredis.core.leases import DEFAULT_LEASE_MS, MAX_LEASE_MS, MIN_LEASE_MS
from nsredis.core.queues import QueueData, check_queues
from nsredis.wire.api_types import QueueDataBody, RegisterBody


def _topic(text: str) -> tuple[str, QueueDataBody]:
    """Topic and queue data from TOPIC[:READ[:WRITE[:PERM]]]."""
    topic, *numbers = text.split(":")
    if not topic or len(numbers) > 3 or not all(number.isascii() and number.isdigit() for number in numbers):
        raise click.BadParameter(f"{text} is not of the form TOPIC:READ:WRITE:PERM, such as TopicA:8:8:6")
    queues = QueueData(*(int(number[:9]) for number in numbers))
    try:
        check_queues(topic, queues)
    except InvalidField as error:
        raise click.BadParameter(error.detail) from None
    return topic, QueueDataBody(queues.read_queue_nums, queues.write_queue_nums, queues.perm)


@click.command()
@click.argument("cluster")
@click.argument("name")
@click.argument("broker_id", metavar="ID", type=click.IntRange(0))
@click.argument("address")
@click.option(
    "--topic",
    "topics",
    metavar="TOPIC:READ:WRITE:PERM",
    type=_topic,
    multiple=True,
    help="A topic that it serves, with its numbers of queues and its permission; may be given many times. "
    "[default numbers: 8:8:6]",
)
@click.option(
    "--lease-ms",
    type=click.IntRange(MIN_LEASE_MS, MAX_LEASE_MS),
    default=DEFAULT_LEASE_MS,
    show_default=True,
    help="How long it counts as alive after a beat.",
)
@click.option("--zone", default="", help="The zone that it stands in.")
@server_option
def register(
    servers: list[str],
    cluster: str,
    name: str,
    broker_id: int,
    address: str,
    topics: tuple[tuple[str, QueueDataBody], ...],
    lease_ms: int,
    zone: str,
) -> None:
    """Register broker ID of the group NAME at ADDRESS, beat until Ctrl-C or SIGTERM, then leave."""
    body = RegisterBody(address, lease_ms=lease_ms, zone=zone, topics=dict(topics) or None)

    async def work() -> None:
        signals = EndSignals()
        async with ApiClient(servers) as client:
            agent = BrokerAgent(
                client, cluster, name, broker_id, body, tell=lambda words: click.echo(f"{name}: {harmless(words)}")
            )
            staying = asyncio.create_task(_stay(agent))
            await signals.or_done(staying)
            if staying.done():
                await staying
            staying.cancel()
            await asyncio.wait({staying})
            if agent.registered is None:
                return
            try:
                await agent.leave()
            except ClientError as error:
                fail(f"{error}: {name} could not leave, and counts as alive until its lease ends")
            click.echo(f"{name}: left")

    run(work())


async def _stay(agent: BrokerAgent) -> None:
    await agent.start(patient=False)
    await agent.wait()
