"""`nsredis serve`: one node, or several workers that are a node each, from their settings to their orderly end."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NoReturn

import click
import msgspec

from nsredis import __version__
from nsredis.cli.endings import WRONG_SETTINGS, Listening
from nsredis.cli.event_loop import loop_factory
from nsredis.cli.workers import Workers, worker_id
from nsredis.logs import set_up_logging
from nsredis.settings import Settings, SettingsError, declared, default_text, flag, load_settings, settings_fields

log = logging.getLogger(__name__)

BANNER: Final = """\
nsredis {version}, {nodes}, namespace {namespace}
  HTTP API  http://{http}
  remoting  {remoting}    RocketMQ's brokers, clients and mqadmin: namesrvAddr={remoting}
  data      {store}

Try, in another terminal:
  curl -X PUT http://{http}/v1/brokers/DefaultCluster/broker-a/0 -H 'Content-Type: application/json' \\
       -d '{{"address": "127.0.0.1:10911", "leaseMs": 600000, "topics": {{"TopicTest": {{}}}}}}'
  curl http://{http}/v1/routes/TopicTest
  curl http://{http}/v1/brokers

Ctrl-C stops it.
"""

Command = Callable[..., Any]


def settings_options(command: Command) -> Command:
    """Give a command one flag for each setting."""
    for setting in reversed(settings_fields()):
        about = declared(setting)
        default = about.shown or default_text(setting)
        text = about.help + (f" [default: {default}]" if default else "")
        command = click.option(flag(setting.name), setting.name, metavar=about.placeholder, help=text)(command)
    return command


@click.command(context_settings={"max_content_width": 110})
@click.option("--config", metavar="FILE", help="A TOML file with settings. [default: $NSREDIS_CONFIG]")
@settings_options
def serve(config: str | None, **flags: str | None) -> None:
    """Run a name server until SIGTERM or Ctrl-C; a second signal does not wait for running requests.

    Every setting may also stand in the settings file (settle_ms = 3000), and in the environment
    (NSREDIS_SETTLE_MS=3000), which overrules the file. Flags overrule both.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = load_settings(given, os.environ, Path(config) if config else None)
        if settings.workers > 1:
            replace(settings, node_id=worker_id(settings, settings.workers))  # the longest must be one, too
    except SettingsError as error:
        fail(str(error), WRONG_SETTINGS)
    set_up_logging(settings.log_level, settings.log_format, settings.node_id)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        code = runner.run(_serve(settings))
    sys.exit(code)


async def _serve(settings: Settings) -> int:
    def announce(told: Listening) -> None:
        _announce(settings, told)

    if settings.workers > 1:
        return await Workers(settings).run(announce)
    from nsredis.cli.one_node import run_node  # the parent of workers needs no node in its memory
    from nsredis.node import Node

    return await run_node(Node(settings), announce)


def fail(words: str, code: int) -> NoReturn:
    """End with one line for the user."""
    click.echo(f"nsredis: {words}", err=True)
    sys.exit(code)


def _announce(settings: Settings, told: Listening) -> None:
    if settings.log_format == "json":
        log.info("listening", extra=msgspec.structs.asdict(told))
        return
    nodes = f"node {settings.node_id}"
    if settings.workers > 1:
        nodes = f"nodes {worker_id(settings, 1)} to {worker_id(settings, settings.workers)}"
    place = msgspec.structs.asdict(told)
    click.echo(BANNER.format(version=__version__, nodes=nodes, namespace=settings.namespace, **place))
