"""`nsredis serve`: one node, from its settings to its orderly end."""

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from nsredis import __version__
from nsredis.cli.end_signals import EndSignals
from nsredis.cli.event_loop import loop_factory
from nsredis.core.errors import InvalidField
from nsredis.logs import set_up_logging
from nsredis.node import Node
from nsredis.registry.cancellation import end_task
from nsredis.registry.private_server import ServerFailed
from nsredis.registry.server_binary import NoServerBinary
from nsredis.settings import Settings, SettingsError, declared, default_text, flag, load_settings, settings_fields

log = logging.getLogger(__name__)

WRONG_SETTINGS: Final = 2
NO_STORE: Final = 3
STOP_MARGIN_S: Final = 15.0
"""What a stop may take beyond the drain: the private server writes its file out."""

BANNER: Final = """\
nsredis {version}, node {node}, namespace {namespace}
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
    """Run a name server node until SIGTERM or Ctrl-C; a second signal does not wait for running requests.

    Every setting may also stand in the settings file (settle_ms = 3000), and in the environment
    (NSREDIS_SETTLE_MS=3000), which overrules the file. Flags overrule both.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = load_settings(given, os.environ, Path(config) if config else None)
    except SettingsError as error:
        fail(str(error), WRONG_SETTINGS)
    set_up_logging(settings.log_level, settings.log_format, settings.node_id)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        code = runner.run(run_node(settings))
    sys.exit(code)


def fail(words: str, code: int) -> NoReturn:
    """End with one line for the user."""
    click.echo(f"nsredis: {words}", err=True)
    sys.exit(code)


async def run_node(settings: Settings) -> int:
    """Run a node until a signal; the exit code."""
    node = Node(settings)
    signals = EndSignals()
    starting = asyncio.create_task(node.start())
    try:
        await signals.or_done(starting)
        if starting.done() and signals.first is None:
            starting.result()
            _announce(settings, node)
            await signals.wait()
    except (NoServerBinary, ServerFailed) as error:
        return _failed(str(error), NO_STORE)
    except InvalidField as error:
        return _failed(error.detail, WRONG_SETTINGS)
    except OSError as error:
        return _failed(_listening(settings, error), WRONG_SETTINGS)
    finally:
        await end_task(starting)
        await _stop(settings, node)
    return 0


async def _stop(settings: Settings, node: Node) -> None:
    limit_s = (settings.drain_wait_ms + settings.drain_ms) / 1000 + STOP_MARGIN_S
    try:
        async with asyncio.timeout(limit_s):
            await node.stop()
    except TimeoutError:
        log.error("the node did not stop within %s s and is given up", limit_s)  # noqa: TRY400 - the trace tells nothing


def _announce(settings: Settings, node: Node) -> None:
    if settings.log_format == "json":
        log.info(
            "listening",
            extra={"http": node.http_address, "remoting": node.remoting_address, "store": node.store_description},
        )
        return
    click.echo(
        BANNER.format(
            version=__version__,
            node=settings.node_id,
            namespace=settings.namespace,
            http=node.http_address,
            remoting=node.remoting_address,
            store=node.store_description,
        )
    )


def _failed(words: str, code: int) -> int:
    click.echo(f"nsredis: {words}", err=True)
    return code


def _listening(settings: Settings, error: OSError) -> str:
    """Why an address cannot be listened on, with the setting that names it."""
    port = settings.remoting.rpartition(":")[2]
    name, address = ("remoting", settings.remoting) if f" {port})" in str(error) else ("http", settings.http)
    if isinstance(error, socket.gaierror):
        return f"{flag(name)}: {address}: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        return f"{flag(name)}: {address} is taken: another program listens there"
    return f"{flag(name)}: cannot listen on {address}: {os.strerror(error.errno) if error.errno else error}"
