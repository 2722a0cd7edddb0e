"""What `serve` says of its start, and why it ends: exit codes and one line of words. Imports no node."""

import errno
import os
import socket
from typing import Final

import click
import msgspec

from nsredis.core.errors import InvalidField
from nsredis.registry.private_server import ServerFailed
from nsredis.registry.server_binary import NoServerBinary
from nsredis.settings import Settings, flag

WRONG_SETTINGS: Final = 2
NO_STORE: Final = 3
STOP_MARGIN_S: Final = 15.0
"""What a stop may take beyond the drain: the private server writes its file out."""


class Listening(msgspec.Struct):
    """Where a node listens, and which store it has."""

    http: str
    remoting: str
    store: str


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
