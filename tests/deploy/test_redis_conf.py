"""A server with deploy/redis.conf is what nsredis wants."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from nsredis.registry.server_binary import ServerBinary
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.processes import CHECKOUT

WANTED = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "slowlog-log-slower-than": "5000",
}


@pytest.fixture
def configured_port(server_binary: ServerBinary, tmp_path: Path) -> Iterator[int]:
    """The port of a server that runs with a copy of the file: some releases write to the one they are given."""
    copy = shutil.copy(CHECKOUT / "deploy" / "redis.conf", tmp_path)
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([server_binary.path, copy, *arguments], stdout=log, stderr=log)
    yield port
    process.kill()
    process.wait()


@pytest.mark.parametrize(("file", "user"), [("redis.conf", "nsredis"), ("sentinel.conf", "nsredis-sentinel")])
def test_the_users_in_the_files_are_the_documented_ones(file: str, user: str) -> None:
    (line,) = re.findall(rf"^#user ({user} .+)$", (CHECKOUT / "deploy" / file).read_text(), re.MULTILINE)
    assert f"\nACL SETUSER {line}\n" in (CHECKOUT / "docs" / "operations.md").read_text()


async def test_a_sentinel_starts_with_its_file(server_binary: ServerBinary, tmp_path: Path) -> None:
    text = (CHECKOUT / "deploy" / "sentinel.conf").read_text().replace("#user", "user")
    port = free_port()
    (tmp_path / "sentinel.conf").write_text(text.replace("port 26379", f"port {port}\nbind 127.0.0.1"))
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [server_binary.path, "sentinel.conf", "--sentinel"], cwd=tmp_path, stdout=log, stderr=log
        )
    try:
        with Redis("127.0.0.1", port, username="nsredis-sentinel", password="change-me", protocol=2) as client:

            def told() -> object:
                try:
                    return client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
                except RedisConnectionError:
                    return None

            assert await eventually(told, what="the Sentinel answers") == [b"127.0.0.1", b"6379"]
    finally:
        process.kill()
        process.wait()


async def test_the_server_starts_and_has_what_is_wanted(configured_port: int) -> None:
    with Redis("127.0.0.1", configured_port, decode_responses=True) as client:

        def answers() -> bool:
            try:
                return bool(client.ping())
            except RedisConnectionError:
                return False

        await eventually(answers, what="the server answers")
        found = client.config_get("*")
        assert {name: found[name] for name in WANTED} == WANTED
        assert set(found["notify-keyspace-events"]) == set("Kx")
