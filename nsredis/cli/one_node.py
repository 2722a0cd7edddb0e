"""One node in this process, from its start to its orderly end, with an exit code and words for whoever started it."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable
from typing import Final, Self

import click
import msgspec

from nsredis.cli.end_signals import EndSignals
from nsredis.core.errors import InvalidField
from nsredis.node import Node
from nsredis.registry.cancellation import end_task
from nsredis.registry.private_server import ServerFailed
from nsredis.registry.server_binary import NoServerBinary
from nsredis.settings import Settings, flag

log = logging.getLogger(__name__)

WRONG_SETTINGS: Final = 2
NO_STORE: Final = 3
STOP_MARGIN_S: Final = 15.0
"""What a stop may take beyond the drain: the private server writes its file out."""


class Listening(msgspec.Struct):
    """Where a node listens, and which store it has."""

    http: str
    remoting: str
    store: str

    @classmethod
    def of(cls, node: Node) -> Self:
        """What there is to tell of a node that has started."""
        return cls(node.http_address, node.remoting_address, node.store_description)


async def run_node(node: Node, announce: Callable[[Node], None]) -> int:
    """Run a node until a signal; the exit code. `announce` is called once it listens."""
    signals = EndSignals()
    starting = asyncio.create_task(node.start())
    try:
        await signals.or_done(starting)
        if starting.done() and signals.first is None:
            starting.result()
            announce(node)
            await signals.wait()
    except Exception as error:
        if (code := failed(node.settings, error)) is None:
            raise
        return code
    finally:
        await end_task(starting)
        await _stop(node)
    return 0


async def _stop(node: Node) -> None:
    limit_s = stop_limit_s(node.settings)
    try:
        async with asyncio.timeout(limit_s):
            await node.stop()
    except TimeoutError:
        log.error("the node did not stop within %s s and is given up", limit_s)  # noqa: TRY400 - the trace tells nothing


def stop_limit_s(settings: Settings) -> float:
    """How long a node may take to stop."""
    return (settings.drain_wait_ms + settings.drain_ms) / 1000 + STOP_MARGIN_S


def failed(settings: Settings, error: Exception) -> int | None:
    """Tell in one line why there is no node; the exit code, None for a fault of the program."""
    match error:
        case NoServerBinary() | ServerFailed():
            words, code = str(error), NO_STORE
        case InvalidField():
            words, code = error.detail, WRONG_SETTINGS
        case OSError():
            words, code = _listening(settings, error), WRONG_SETTINGS
        case _:
            return None
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
