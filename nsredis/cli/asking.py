"""What the commands share that ask a name server: --server, --json, and how they end."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

import click

from nsredis.cli.output import harmless
from nsredis.client.errors import ClientError
from nsredis.client.servers import DEFAULT_SERVER, SERVER_VARIABLE, server_urls

FAILED: Final = 1
INTERRUPTED: Final = 128 + signal.SIGINT

Command = TypeVar("Command", bound=Callable[..., Any])


def _urls(text: str) -> list[str]:
    try:
        return server_urls(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def server_option(command: Command) -> Command:
    """Give a command `--server`."""
    return click.option(
        "--server",
        "servers",
        metavar="URL",
        type=_urls,
        envvar=SERVER_VARIABLE,
        default=DEFAULT_SERVER,
        show_default=True,
        show_envvar=True,
        help="The name server to ask; with commas between several, the first that answers.",
    )(command)


def json_option(command: Command) -> Command:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the API's JSON, for programs.")(command)


def fail(words: str, code: int = FAILED) -> NoReturn:
    """End with one line for the user."""
    click.echo(f"nsredis: {harmless(' '.join(words.split()))}", err=True)
    sys.exit(code)


def run(work: Coroutine[Any, Any, None], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """Run a command to its end. What the server refuses, and Ctrl-C, end it in good order."""
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(work)
    except ClientError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
