"""Commands that show what a name server knows."""

import click

from nsredis.cli import output
from nsredis.cli.asking import json_option, run, server_option
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import BrokerInfo, OverrideInfo


@click.command()
@click.argument("cluster", required=False, default="")
@click.option("--live", is_flag=True, help="Ask Redis how much of each lease is left.")
@server_option
@json_option
def brokers(servers: list[str], cluster: str, *, live: bool, as_json: bool) -> None:
    """List brokers, online and offline, of all clusters or of CLUSTER."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.brokers(cluster, live=live)
        if as_json:
            output.json_body(reply.body)
            return
        columns = ["cluster", "broker", "id", "address", "state", "zone", "lease", "note"]
        rows = [
            (
                info.cluster,
                info.broker_name,
                info.broker_id,
                info.address,
                info.state,
                info.zone,
                _lease(info),
                _note(info),
            )
            for info in reply.value
        ]
        output.table(columns, rows, empty="no brokers")

    run(ask())


def _lease(info: BrokerInfo) -> str:
    whole = output.duration_text(info.lease_ms)
    return f"{output.duration_text(info.lease_left_ms)} of {whole}" if info.lease_left_ms is not None else whole


def _note(info: BrokerInfo) -> str:
    if info.state == "offline":
        since = f" {output.age_text(info.offline_at_ms)} ago" if info.offline_at_ms is not None else ""
        return f"{info.reason}{since}"
    notes = [_override(info.override)]
    if info.suspect_since_ms is not None:
        notes.insert(0, f"its connection closed {output.age_text(info.suspect_since_ms)} ago")
    if info.held_since_ms is not None:
        notes.insert(0, f"silent; held by the brake for {output.age_text(info.held_since_ms)}")
    return "; ".join(filter(None, notes))


def _override(override: OverrideInfo | None) -> str:
    if override is None:
        return ""
    until = f" until {output.time_text(override.expires_at_ms)}" if override.expires_at_ms is not None else ""
    why = f": {override.reason}" if override.reason else ""
    return f"drained to {output.perm_text(override.perm)}{until}{why}"


@click.command()
@click.argument("cluster")
@click.argument("name")
@click.argument("broker_id", metavar="ID", type=click.IntRange(0))
@server_option
@json_option
def broker(servers: list[str], cluster: str, name: str, broker_id: int, *, as_json: bool) -> None:
    """Show one broker with its lease."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.broker(cluster, name, broker_id, live=True)
        if as_json:
            output.json_body(reply.body)
            return
        info = reply.value
        version = info.data_version
        output.facts(
            {
                "broker": f"{info.broker_name} {info.broker_id}",
                "cluster": info.cluster,
                "state": info.state,
                "address": info.address,
                "HA address": info.ha_address,
                "zone": info.zone,
                "lease": _lease(info),
                "last beat": output.time_text(info.last_beat_ms),
                "registered": output.time_text(info.registered_at_ms),
                "epoch": info.epoch,
                "revision": info.revision,
                "instance": info.instance,
                "data version": version and f"{version.state_version}/{version.timestamp}/{version.counter}",
                "override": _override(info.override),
                "suspect since": output.time_text(info.suspect_since_ms),
                "held since": output.time_text(info.held_since_ms),
                "offline since": output.time_text(info.offline_at_ms),
                "why": info.reason,
                "by": info.by,
            }
        )

    run(ask())


@click.command()
@click.option("--cluster", default="", help="Only topics of this cluster.")
@click.option("--prefix", default="", help="Only topics whose names begin so.")
@server_option
@json_option
def topics(servers: list[str], cluster: str, prefix: str, *, as_json: bool) -> None:
    """List topics."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.topics(cluster=cluster, prefix=prefix)
        if as_json:
            output.json_body(reply.body)
            return
        output.lines(reply.value, empty="no topics")

    run(ask())


@click.command()
@click.argument("topic")
@click.option("--zone", default="", help="As clients of this zone see it.")
@server_option
@json_option
def route(servers: list[str], topic: str, zone: str, *, as_json: bool) -> None:
    """Show which brokers serve TOPIC."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.route(topic, zone=zone)
        if as_json:
            output.json_body(reply.body)
            return
        found = reply.value
        groups = {data.broker_name: data for data in found.broker_datas}
        rows = []
        for queues in found.queue_datas:
            data = groups.get(queues.broker_name)
            rows.append(
                (
                    queues.broker_name,
                    data.cluster if data else "",
                    output.addresses_text(data.broker_addrs) if data else "",
                    queues.read_queue_nums,
                    queues.write_queue_nums,
                    output.perm_text(queues.perm),
                    data.zone_name if data else "",
                )
            )
        output.table(["broker", "cluster", "addresses", "read", "write", "perm", "zone"], rows, empty="no queues")
        if found.order_topic_conf:
            click.echo(f"order: {output.harmless(found.order_topic_conf)}")

    run(ask())


@click.command()
@server_option
@json_option
def clusters(servers: list[str], *, as_json: bool) -> None:
    """List clusters and their brokers."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.clusters()
        if as_json:
            output.json_body(reply.body)
            return
        rows = [
            (info.cluster, data.broker_name, output.addresses_text(data.broker_addrs), data.zone_name)
            for info in reply.value
            for data in info.broker_datas
        ]
        output.table(["cluster", "broker", "addresses", "zone"], rows, empty="no clusters")

    run(ask())


@click.command()
@server_option
@json_option
def nodes(servers: list[str], *, as_json: bool) -> None:
    """List the name server nodes, and those that were lost within the last hour."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.live_and_lost_nodes()
        if as_json:
            output.json_body(reply.body)
            return
        rows: list[tuple[object, ...]] = [
            (
                node.id,
                node.http,
                node.remoting,
                "yes" if node.ready else "no",
                node.revision,
                output.duration_text(node.lag_ms),
                node.version,
                output.age_text(node.started_at_ms),
            )
            for node in reply.value.items
        ]
        for node in reply.value.lost:
            seen = f"lost {output.age_text(node.last_seen_ms)}"
            rows.append((node.id, node.http, node.remoting, seen, "", "", node.version, ""))
        columns = ["node", "http", "remoting", "ready", "revision", "lag", "version", "up"]
        output.table(columns, rows, empty="no nodes")

    run(ask())
