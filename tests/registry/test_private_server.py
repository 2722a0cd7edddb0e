import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nsredis.registry import private_server
from nsredis.registry.private_server import Access, PrivateServer
from nsredis.registry.server_binary import ServerBinary
from tests.support.eventually import eventually
from tests.support.processes import alive


@pytest.fixture
async def server(server_binary: ServerBinary, tmp_path: Path) -> AsyncIterator[PrivateServer]:
    server = PrivateServer(tmp_path, server_binary)
    yield server
    await server.stop()


async def _ready(folder: Path) -> None:
    await eventually(lambda: "ready to accept connections" in (folder / "server.log").read_text().lower())


def test_access_is_kept_for_this_account_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.json"
    assert Access.read(path) is None
    Access(1234, "secret").write(path)
    assert Access.read(path) == Access(1234, "secret")
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{")
    assert Access.read(path) is None


async def test_port_and_password_stay_from_start_to_start(server: PrivateServer, tmp_path: Path) -> None:
    await server.start()
    first = Access.read(tmp_path / "store.json")
    await server.stop()
    await server.start()
    assert Access.read(tmp_path / "store.json") == first


async def test_it_is_not_hit_by_the_terminals_ctrl_c(server: PrivateServer) -> None:
    await server.start()
    assert server.pid is not None
    assert os.getsid(server.pid) != os.getsid(0)


async def test_one_that_hangs_is_killed(server: PrivateServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_server, "STOP_S", 0.2)
    await server.start()
    await _ready(tmp_path)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    await server.stop()
    assert not alive(server.pid)


async def test_an_older_one_that_does_not_end_is_killed(
    server: PrivateServer, server_binary: ServerBinary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_server, "STOP_S", 1.0)
    await server.start()
    await _ready(tmp_path)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    newer = PrivateServer(tmp_path, server_binary)
    await newer.start()
    assert not server.running
    await newer.stop()


async def test_its_last_words_are_one_line(server: PrivateServer, tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").touch()  # a file where its folder should be
    await server.start()
    await eventually(lambda: not server.running)
    words = server.last_words()
    assert "append" in words.lower()
    assert "\n" not in words


async def test_a_binary_that_is_gone_says_so(tmp_path: Path) -> None:
    server = PrivateServer(tmp_path, ServerBinary(tmp_path / "redis-server", (7, 0, 0), "PATH"))
    await server.start()
    await eventually(lambda: not server.running)
    assert "No such file" in server.last_words()
