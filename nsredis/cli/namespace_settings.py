"""`nsredis settings`: what holds for the whole namespace, on every node."""

import re
from typing import Any, Final

import click

from nsredis.cli import output
from nsredis.cli.asking import fail, json_option, run, server_option
from nsredis.cli.listing_group import ListsByDefault
from nsredis.client.http_client import ApiClient
from nsredis.core.errors import InvalidField
from nsredis.core.namespace_settings import SETTINGS, setting_text

Value = bool | int | str

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


@click.group(cls=ListsByDefault)
def settings() -> None:
    """Read and change the settings of the namespace. Without a command, list them."""


@settings.command("list")
@server_option
@json_option
def settings_list(servers: list[str], *, as_json: bool) -> None:
    """List the settings with their values."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.settings()
        if as_json:
            output.json_body(reply.body)
            return
        rows = [(name, _text(value), *_declared(name)) for name, value in reply.value.items()]
        output.table(["setting", "value", "default", "what it does"], rows, empty="no settings")

    run(ask())


def _text(value: Value) -> str:
    return value if isinstance(value, str) else setting_text(value)


def _declared(name: str) -> tuple[str, str]:
    """A setting's default and help; the server may have settings that this release does not know."""
    declared = SETTINGS.get(name)
    return (setting_text(declared.default), declared.help) if declared is not None else ("", "")


@settings.command("set")
@click.argument("name")
@click.argument("value")
@server_option
@json_option
def settings_set(servers: list[str], name: str, value: str, *, as_json: bool) -> None:
    """Set the setting NAME to VALUE."""
    try:
        typed = _typed(name, value)
    except InvalidField as error:
        fail(error.detail)
    run(_patch(servers, {name: typed}, f"{name} is {value}", as_json=as_json))


def _typed(name: str, text: str) -> Value:
    """A value as JSON has it. InvalidField; of settings that this release does not know the server will judge."""
    if (declared := SETTINGS.get(name)) is not None:
        return declared.read(text)
    if text in ("true", "false"):
        return text == "true"
    return int(text) if _NUMBER.fullmatch(text) else text


@settings.command("reset")
@click.argument("name")
@server_option
@json_option
def settings_reset(servers: list[str], name: str, *, as_json: bool) -> None:
    """Take the setting NAME back to its default."""
    run(_patch(servers, {name: None}, f"{name} is at its default", as_json=as_json))


async def _patch(servers: list[str], values: dict[str, Any], said: str, *, as_json: bool) -> None:
    async with ApiClient(servers) as client:
        reply = await client.patch_settings(values)
    if as_json:
        output.json_body(reply.body)
    else:
        click.echo(f"{said} (revision {reply.value.revision})")
