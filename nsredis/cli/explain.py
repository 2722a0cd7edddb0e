"""`nsredis explain`: why a topic has its route, or none."""

import sys
from collections.abc import Iterator

import click

from nsredis.cli import output
from nsredis.cli.asking import FAILED, json_option, run, server_option
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import BrokerInfo
from nsredis.wire.explain_types import ExplainAnswer, TopicGroupInfo


@click.command()
@click.argument("topic")
@click.option("--zone", default="", help="For clients of this zone.")
@server_option
@json_option
def explain(servers: list[str], topic: str, zone: str, *, as_json: bool) -> None:
    """Tell why TOPIC has its route, or none.

    Ends with 0 when there is a route, else with 1.
    """
    routed = False

    async def ask() -> None:
        nonlocal routed
        async with ApiClient(servers) as client:
            reply = await client.explain(topic, zone=zone)
        routed = reply.value.route
        if as_json:
            output.json_body(reply.body)
        else:
            click.echo("\n".join(_lines(reply.value)))

    run(ask())
    if not routed:
        sys.exit(FAILED)


def _lines(found: ExplainAnswer) -> Iterator[str]:
    colour = "green" if found.verdict == "served" else "yellow" if found.route else "red"
    yield f"{click.style(found.verdict, fg=colour, bold=True)}: {found.summary}"
    if found.similar:
        yield f"topics with such a name: {', '.join(found.similar)}"
    yield from _cautions(found)
    for group in found.groups:
        yield ""
        yield from _group(group)
    if found.groups_left_out:
        yield f"and {found.groups_left_out} more groups"
    if found.changes:
        yield ""
    for change in found.changes:
        yield f"{output.time_text(change.at_ms)}  revision {change.revision}  {change.kind} by {change.by}"
    if found.verdict in ("never-registered", "unknown-topic"):
        yield from _memory(found)


def _cautions(found: ExplainAnswer) -> Iterator[str]:
    node = found.node
    if node.problem and found.verdict != "node-not-ready":
        yield f"node {node.id} is not ready: {node.problem}"
    if node.stale_ms:
        yield f"node {node.id} has not followed the store for {output.duration_text(node.stale_ms)}: this may be old"
    elif not node.store_reachable:
        yield f"node {node.id} does not reach the store"


def _group(group: TopicGroupInfo) -> Iterator[str]:
    perm = f" {output.perm_text(group.served_perm)}" if group.served_perm is not None else ""
    if group.registered_perm != group.served_perm:
        perm += f" (registered {output.perm_text(group.registered_perm or 0)})"
    place = f"{group.broker_name} ({group.cluster})" if group.cluster else group.broker_name
    yield f"{place}  {group.standing}{perm}{f': {group.why}' if group.why else ''}"
    override = group.override
    if override is not None:
        until = f" until {output.time_text(override.expires_at_ms)}" if override.expires_at_ms is not None else ""
        yield f"  overridden since {output.time_text(override.set_at_ms)}{until}"
    for broker in group.brokers:
        state = click.style(broker.state, fg=output.STYLES.get(broker.state))
        yield f"  {broker.broker_id}  {broker.address}  {state}{_note(broker)}"


def _note(broker: BrokerInfo) -> str:
    if broker.suspect_since_ms is not None:
        return f": its connection closed {output.age_text(broker.suspect_since_ms)} ago"
    if broker.held_since_ms is not None:
        until = f" until {output.time_text(broker.held_until_ms)} at the latest" if broker.held_until_ms else ""
        return f": silent, held by the expiry brake since {output.time_text(broker.held_since_ms)}{until}"
    if broker.offline_at_ms is None:
        return ""
    beat = f", last beat {output.time_text(broker.last_beat_ms)}" if broker.last_beat_ms is not None else ""
    by = f" by {broker.by}" if broker.by else ""
    return f" since {output.time_text(broker.offline_at_ms)}: {broker.reason}{by}{beat}"


def _memory(found: ExplainAnswer) -> Iterator[str]:
    memory = found.memory
    if memory is None:
        return
    changes = "all changes are kept" if memory.all_changes else f"changes are kept from {_from(memory.changes_from_ms)}"
    yield f"{changes}, and node {found.node.id} has seen the topics of groups from {_from(memory.tables_from_ms)}"


def _from(at_ms: int) -> str:
    return f"{output.time_text(at_ms)} on"
