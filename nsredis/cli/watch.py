"""`nsredis watch`: one line for each change."""

import asyncio
import sys
from datetime import datetime
from typing import Any

import click

from nsredis.cli import output
from nsredis.cli.asking import json_option, run, server_option
from nsredis.cli.end_signals import EndSignals
from nsredis.client.http_client import ApiClient
from nsredis.client.watcher import Watcher, WatchEvent


@click.command()
@click.argument("topics", metavar="[TOPIC]...", nargs=-1)
@click.option("--all", "all_brokers", is_flag=True, help="All brokers instead of topics; also without a TOPIC.")
@server_option
@json_option
def watch(servers: list[str], topics: tuple[str, ...], *, all_brokers: bool, as_json: bool) -> None:
    """Print what the routes of some topics, or all brokers, are now, and then every change, until Ctrl-C."""
    if topics and all_brokers:
        raise click.UsageError("--all stands for all brokers: name no topics beside it")

    async def work() -> None:
        signals = EndSignals()
        following = asyncio.create_task(_follow(servers, topics, as_json=as_json))
        await signals.or_done(following)
        if following.done():
            await following
        following.cancel()
        await asyncio.wait({following})

    run(work())


async def _follow(servers: list[str], topics: tuple[str, ...], *, as_json: bool) -> None:
    async with ApiClient(servers) as client:
        watcher = Watcher(client, topics, patient=False, tell=_tell)
        async for event in watcher:
            click.echo(event.raw if as_json else _line(event))
            sys.stdout.flush()


def _tell(words: str) -> None:
    click.echo(f"nsredis: {output.harmless(words)}", err=True)


def _line(event: WatchEvent) -> str:
    text = {"route": _route, "broker": _broker}.get(event.kind, _other)(_harmless(event.data))
    return f"{datetime.now().astimezone():%H:%M:%S}  {event.revision}  {text}"


def _harmless(data: Any) -> Any:
    """The same with harmless texts."""
    if isinstance(data, dict):
        return {name: _harmless(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_harmless(value) for value in data]
    return output.harmless(data) if isinstance(data, str) else data


def _route(data: dict[str, Any]) -> str:
    route = data.get("route")
    if route is None:
        return f"{data.get('topic')}  {click.style('no route', fg='red')}: {data.get('reason', 'unknown')}"
    queues = {row["brokerName"]: row for row in route["queueDatas"]}
    groups = []
    for group in route["brokerDatas"]:
        row = queues[group["brokerName"]]
        numbers = f"{row['readQueueNums']}:{row['writeQueueNums']} {output.perm_text(row['perm'])}"
        groups.append(f"{group['brokerName']} {output.addresses_text(group['brokerAddrs'])} {numbers}")
    return f"{data.get('topic')}  " + ", ".join(groups)


def _broker(data: dict[str, Any]) -> str:
    state = str(data.get("state", ""))
    words = [f"{data.get('brokerName')}/{data.get('brokerId')}", click.style(state, fg=output.STYLES.get(state))]
    words += [str(data[name]) for name in ("cluster", "address", "zone", "reason") if data.get(name)]
    if data.get("override"):
        words.append(f"drained to {output.perm_text(data['override']['perm'])}")
    return "  ".join(words)


def _other(data: dict[str, Any]) -> str:
    return str(data)
