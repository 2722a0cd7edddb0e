import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from nsredis.registry import embedded
from nsredis.registry.embedded import EmbeddedStore
from nsredis.registry.private_server import Access, PrivateServer, ServerFailed
from nsredis.registry.server_binary import ServerBinary
from tests.support.eventually import eventually
from tests.support.processes import alive, python

StartStore = Callable[[Path], Coroutine[Any, Any, EmbeddedStore]]


@pytest.fixture
async def start_store(server_binary: ServerBinary, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[StartStore]:
    """Starts embedded stores on the server that the tests are run with, and stops them."""
    monkeypatch.setattr(embedded, "find_server", lambda: server_binary)
    stores: list[EmbeddedStore] = []

    async def start(data_dir: Path) -> EmbeddedStore:
        store = EmbeddedStore(data_dir)
        await store.start()
        stores.append(store)
        return store

    yield start
    for store in stores:
        await store.stop()


async def _write(url: str, key: str, value: str) -> None:
    client = Redis.from_url(url)
    await client.set(key, value)
    await client.aclose()


async def _read(url: str, key: str) -> str | None:
    client = Redis.from_url(url)
    value = await client.get(key)
    await client.aclose()
    return value.decode() if isinstance(value, bytes) else None


def _pid(store: EmbeddedStore) -> int:
    assert store.server_pid is not None
    return store.server_pid


async def test_a_first_start_is_fresh_and_a_later_one_keeps_the_data(start_store: StartStore, tmp_path: Path) -> None:
    first = await start_store(tmp_path)
    assert first.fresh
    assert first.owned
    await _write(first.url, "a", "1")
    pid = _pid(first)
    await first.stop()
    assert not alive(pid)

    second = await start_store(tmp_path)
    assert not second.fresh
    assert await _read(second.url, "a") == "1"


async def test_the_server_comes_back_with_its_data_after_kill_9(start_store: StartStore, tmp_path: Path) -> None:
    store = await start_store(tmp_path)
    url, pid = store.url, _pid(store)
    await _write(url, "a", "1")
    os.kill(pid, signal.SIGKILL)

    async def back() -> bool:
        try:
            return store.server_pid != pid and await _read(url, "a") == "1"
        except RedisError:
            return False

    await eventually(back, 10)


async def test_a_second_store_on_the_same_folder_attaches(start_store: StartStore, tmp_path: Path) -> None:
    owner = await start_store(tmp_path)
    await _write(owner.url, "a", "1")
    guest = await start_store(tmp_path)
    assert not guest.owned
    assert not guest.fresh
    assert "another process" in guest.description
    assert await _read(guest.url, "a") == "1"
    await guest.stop()
    assert await _read(owner.url, "a") == "1"


async def test_two_that_start_at_once_share_one_server(start_store: StartStore, tmp_path: Path) -> None:
    stores = await asyncio.gather(*[start_store(tmp_path) for _ in range(3)])
    assert [store.owned for store in stores].count(True) == 1
    assert [store.fresh for store in stores].count(True) == 1
    assert len({store.url for store in stores}) == 1


async def test_when_the_owner_stops_another_takes_over_and_links_survive(
    start_store: StartStore, tmp_path: Path
) -> None:
    owner = await start_store(tmp_path)
    guest = await start_store(tmp_path)
    client = Redis.from_url(guest.url)
    await client.set("a", "1")
    await owner.stop()

    async def served() -> bool:
        try:
            return bool(await client.get("a") == b"1")
        except RedisError:
            return False

    await eventually(served, 10)
    assert guest.owned
    await client.aclose()


async def test_kill_9_of_the_owner_leaves_no_server_and_another_takes_over(
    start_store: StartStore, tmp_path: Path
) -> None:
    owner = python("-m", "tests.support.store_owner", tmp_path)
    with owner:
        assert owner.stdout is not None
        pid = int(await asyncio.to_thread(owner.stdout.readline))
        guest = await start_store(tmp_path)
        await _write(guest.url, "a", "1")
        assert not guest.owned
        owner.kill()
    await eventually(lambda: not alive(pid), 10)
    await eventually(lambda: guest.owned, 10)

    async def served() -> bool:
        try:
            return await _read(guest.url, "a") == "1"
        except RedisError:
            return False

    await eventually(served, 10)


async def test_a_server_that_outlived_its_owner_is_replaced(
    start_store: StartStore, server_binary: ServerBinary, tmp_path: Path
) -> None:
    # As where the kernel does not end it with its parent.
    folder = tmp_path / "store"
    folder.mkdir()
    orphan = PrivateServer(folder, server_binary)
    await orphan.start()
    pid = orphan.pid
    assert pid is not None
    store = await start_store(tmp_path)
    assert _pid(store) != pid
    assert not orphan.running
    await _write(store.url, "a", "1")


async def test_a_folder_whose_name_is_too_long_for_a_socket(start_store: StartStore, tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30) / ("name" * 30)
    owner = await start_store(data_dir)
    guest = await start_store(data_dir)
    await _write(owner.url, "a", "1")
    assert await _read(guest.url, "a") == "1"


async def test_a_folder_with_an_odd_name(start_store: StartStore, tmp_path: Path) -> None:
    store = await start_store(tmp_path / 'it\'s a "dir" %20 ü #?@:')
    await _write(store.url, "a", "1")
    assert await _read(store.url, "a") == "1"


async def test_what_a_crash_left_behind_does_no_harm(start_store: StartStore, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    bystander = python("-c", "import time; time.sleep(60)")
    with bystander:
        (folder / "server.lock").write_text(str(bystander.pid))  # its number was given to another process meanwhile
        (folder / "store.sock").touch()
        (folder / "store.json").write_text("{")
        store = await start_store(tmp_path)
        await _write(store.url, "a", "1")
        assert bystander.poll() is None
        bystander.kill()


async def test_the_server_lets_nobody_in_without_the_password(start_store: StartStore, tmp_path: Path) -> None:
    store = await start_store(tmp_path)
    path = tmp_path / "store" / "store.json"
    assert path.stat().st_mode & 0o077 == 0
    access = Access.read(path)
    assert access is not None
    client = Redis(host="127.0.0.1", port=access.port, retry=Retry(NoBackoff(), 0))
    with pytest.raises(AuthenticationError):
        await client.ping()
    await client.aclose()
    client = Redis(host="127.0.0.1", port=access.port, password=access.password)
    assert await client.ping()
    await client.aclose()
    assert access.password not in store.description


async def test_another_port_is_taken_when_the_kept_one_is_in_use(start_store: StartStore, tmp_path: Path) -> None:
    first = await start_store(tmp_path)
    kept = Access.read(tmp_path / "store" / "store.json")
    assert kept is not None
    await first.stop()
    occupier = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", kept.port)
    async with occupier:
        await start_store(tmp_path)
        now = Access.read(tmp_path / "store" / "store.json")
    assert now is not None
    assert now.port != kept.port
    assert now.password == kept.password


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerFailed, match=r"cannot keep data in .*file/store: Not a directory"):
        await EmbeddedStore(tmp_path / "file").start()


async def test_damaged_data_fails_with_the_servers_own_words(start_store: StartStore, tmp_path: Path) -> None:
    first = await start_store(tmp_path)
    await first.stop()
    manifest = next((tmp_path / "store" / "appendonlydir").glob("*.manifest"))
    sound = manifest.read_text()
    manifest.write_text("nonsense\n")
    with pytest.raises(ServerFailed, match="manifest") as failure:
        await EmbeddedStore(tmp_path).start()
    assert "\n" not in str(failure.value)
    manifest.write_text(sound)
    await start_store(tmp_path)  # and nothing was left locked
