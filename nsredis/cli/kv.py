"""`nsredis kv`: key-value configuration, key by key and as the file of a Java name server."""

import io
from pathlib import Path
from typing import NamedTuple

import click

from nsredis.cli import output
from nsredis.cli.asking import fail, json_option, run, server_option
from nsredis.cli.whole_file import write_whole
from nsredis.client.errors import ApiProblem, ClientError
from nsredis.client.http_client import ApiClient
from nsredis.core.errors import InvalidField
from nsredis.wire.kv_config import KvTables, read_kv_config, write_kv_config


@click.group()
def kv() -> None:
    """Read and write key-value configuration."""


@kv.command("get")
@click.argument("namespace")
@click.argument("key")
@server_option
@json_option
def kv_get(servers: list[str], namespace: str, key: str, *, as_json: bool) -> None:
    """Print the value of KEY."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.kv(namespace, key)
        if as_json:
            output.json_body(reply.body)
        else:
            output.value(reply.value.value)

    run(ask())


@kv.command("put")
@click.argument("namespace")
@click.argument("key")
@click.argument("value")
@server_option
@json_option
def kv_put(servers: list[str], namespace: str, key: str, value: str, *, as_json: bool) -> None:
    """Set KEY to VALUE."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.put_kv(namespace, key, value)
        if as_json:
            output.json_body(reply.body)
        else:
            click.echo(f"{namespace} {key} is set (revision {reply.value.revision})")

    run(ask())


@kv.command("delete")
@click.argument("namespace")
@click.argument("key")
@server_option
def kv_delete(servers: list[str], namespace: str, key: str) -> None:
    """Take KEY away."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            await client.delete_kv(namespace, key)
        click.echo(f"{namespace} {key} is deleted")

    run(ask())


@kv.command("list")
@click.argument("namespace")
@server_option
@json_option
def kv_list(servers: list[str], namespace: str, *, as_json: bool) -> None:
    """List the keys of NAMESPACE with their values."""

    async def ask() -> None:
        async with ApiClient(servers) as client:
            reply = await client.kv_list(namespace)
        if as_json:
            output.json_body(reply.body)
        else:
            rows = [(entry.key, entry.value, entry.revision) for entry in reply.value]
            output.table(["key", "value", "revision"], rows, empty="no keys")

    run(ask())


class Write(NamedTuple):
    """A key that a file gives another value than the present one; None: there is no such key."""

    namespace: str
    key: str
    present: str | None
    value: str


@kv.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@server_option
def kv_import(servers: list[str], file: io.BufferedReader, *, dry_run: bool) -> None:
    """Set the keys of FILE, a kvConfig.json; - is standard input.

    The whole file is checked before the first key is written. Keys that FILE lacks stay as they are.
    """
    try:
        tables = read_kv_config(file.read())
    except InvalidField as error:
        fail(f"{file.name}: {error.detail}")

    async def ask() -> None:
        async with ApiClient(servers) as client:
            writes = await _differing(client, tables)
            if not dry_run:
                await _write(client, writes)
        new = sum(write.present is None for write in writes)
        same = sum(map(len, tables.values())) - len(writes)
        if dry_run:
            rows = [(write.namespace, write.key, write.present or "", write.value) for write in writes]
            output.table(["namespace", "key", "now", "then"], rows, empty="nothing to write")
        click.echo(f"{new} new, {len(writes) - new} changed, {same} unchanged{' (dry run)' if dry_run else ''}")

    run(ask())


async def _differing(client: ApiClient, tables: KvTables) -> list[Write]:
    writes = []
    for namespace, entries in tables.items():
        present = await _present(client, namespace, strong=True)
        writes += [
            Write(namespace, key, present.get(key), value)
            for key, value in entries.items()
            if present.get(key) != value
        ]
    return writes


async def _write(client: ApiClient, writes: list[Write]) -> None:
    for done, write in enumerate(writes):
        try:
            await client.put_kv(write.namespace, write.key, write.value)
        except ClientError:
            where = f"{write.namespace} {write.key}"
            click.echo(
                f"stopped at {where}, with {done} of {len(writes)} keys written; import again to go on", err=True
            )
            raise


async def _present(client: ApiClient, namespace: str, *, strong: bool = False) -> dict[str, str]:
    try:
        reply = await client.kv_list(namespace, strong=strong)
    except ApiProblem as problem:
        if problem.code != "not-found":
            raise
        return {}
    return {entry.key: entry.value for entry in reply.value}


@kv.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@server_option
def kv_export(servers: list[str], file: Path) -> None:
    """Write all namespaces as a kvConfig.json to FILE, or to standard output."""
    tables: KvTables = {}

    async def ask() -> None:
        async with ApiClient(servers) as client:
            for namespace in (await client.kv_namespaces()).value:
                if entries := await _present(client, namespace):
                    tables[namespace] = entries

    run(ask())
    content = write_kv_config(tables)
    if file == Path("-"):
        click.echo(content, nl=False)
        return
    try:
        write_whole(file, content)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
