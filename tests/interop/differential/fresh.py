"""Name servers that nobody has spoken to yet."""

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp

from tests.interop.name_servers import JavaNameServer
from tests.interop.releases import RELEASE_4, RELEASE_5
from tests.support.serve_process import ServeProcess

JAVA: Final = {"java-5": RELEASE_5, "java-4": RELEASE_4}


@contextmanager
def fresh(kind: str, folder: Path, settings: Mapping[str, bool], store_url: str) -> Iterator[str]:
    """The address of a name server of a kind, with some settings. It ends with the block."""
    with _java(kind, folder, settings) if kind in JAVA else _ours(folder, settings, store_url) as address:
        yield address


@contextmanager
def _java(kind: str, folder: Path, settings: Mapping[str, bool]) -> Iterator[str]:
    server = JavaNameServer(JAVA[kind], folder, dict(settings), name=f"{kind}-{secrets.token_hex(3)}")
    server.start()
    try:
        server.wait_ready()
        yield server.remoting
    finally:
        server.kill9()


@contextmanager
def _ours(folder: Path, settings: Mapping[str, bool], store_url: str) -> Iterator[str]:
    namespace = f"fresh-{secrets.token_hex(6)}"
    node = ServeProcess(folder, "--redis", store_url, "--namespace", namespace, "--settle-ms", "0")
    node.start()
    try:
        asyncio.run(_set_up(node, settings))
        yield node.remoting
    finally:
        node.kill9()


async def _set_up(node: ServeProcess, settings: Mapping[str, bool]) -> None:
    await node.ready()
    if settings:
        async with (
            aiohttp.ClientSession() as session,
            session.patch(f"{node.url}/v1/settings", json=dict(settings)) as answer,
        ):
            assert answer.status == 200, await answer.text()
