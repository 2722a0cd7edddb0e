"""What all commands share that ask a name server."""

import asyncio
import signal
import sys

import pytest

from tests.cli.commands import command, running
from tests.support.ports import free_port
from tests.support.processes import CHECKOUT
from tests.support.serve_process import clean_environment

ASKING = [
    ("brokers",),
    ("broker", "c", "a", "0"),
    ("topics",),
    ("route", "TopicA"),
    ("clusters",),
    ("nodes",),
    ("kv", "get", "ns", "key"),
    ("drain", "c", "a"),
    ("watch",),
    ("register", "c", "a", "0", "10.0.0.1:10911"),
    ("simulate",),
]


@pytest.mark.parametrize("arguments", ASKING, ids=lambda arguments: arguments[0])
async def test_a_server_that_is_not_there_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    server = f"http://127.0.0.1:{free_port()}"
    run = await command(*arguments, server=server)
    assert run.code == 1
    assert run.err == f"nsredis: no answer from {server}: Connection refused\n"


async def test_the_option_overrules_the_environment(server: str) -> None:
    gone = f"127.0.0.1:{free_port()}"
    assert (await command("nodes", "--server", server, server=gone)).code == 0
    assert (await command("nodes", "--server", f"{gone},{server}", server=gone)).code == 0


async def test_what_is_no_url_is_told(server: str) -> None:
    run = await command("nodes", "--server", "ftp://x", server=server)
    assert run.code == 2
    assert "ftp://x is no URL of a server" in run.err


async def test_ctrl_c_while_a_server_does_not_answer_ends_quietly() -> None:
    asked = asyncio.Event()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(ask, "127.0.0.1", port := free_port())
    async with silent, running("topics", server=f"127.0.0.1:{port}") as topics:
        await asyncio.wait_for(asked.wait(), 15)
        run = await topics.end(signal.SIGINT)
    assert run.code == 130
    assert run.out + run.err == ""


async def test_a_reader_that_has_seen_enough_ends_it_quietly(server: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"{sys.executable} -m nsredis nodes | true; exit ${{PIPESTATUS[0]}}"),
        cwd=CHECKOUT,
        env=clean_environment(NSREDIS_SERVER=server),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert err.decode() == ""
