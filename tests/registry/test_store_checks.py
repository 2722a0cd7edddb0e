import asyncio
import time

import pytest

from nsredis.registry import store_checks as module
from nsredis.registry.cancellation import end_task
from nsredis.registry.primary import Greeting
from nsredis.registry.store_checks import StoreChecks, of_the_clock, of_the_greeting, of_the_info, of_the_replicas
from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.resp_server import RespServer, texts
from tests.support.scripted_store import real_runner

URL = "redis://h:1/0"


def test_an_old_server_and_a_wrong_kind_of_url_are_told() -> None:
    assert list(of_the_greeting(Greeting("redis", "7.0.15", "standalone", "master"), URL)) == []
    assert list(of_the_greeting(Greeting("valkey", "9.1.2", "cluster", "master"), "rediss+cluster://h")) == []
    (old,) = of_the_greeting(Greeting("redis", "6.2.14", "standalone", "master"), URL)
    assert "redis 6.2.14 is too old" in old
    (member,) = of_the_greeting(Greeting("redis", "7.0.15", "cluster", "master"), URL)
    assert "redis+cluster://" in member
    (single,) = of_the_greeting(Greeting("redis", "7.0.15", "standalone", "master"), "redis+cluster://h")
    assert "no Redis Cluster" in single


def test_a_clock_that_is_off_is_told() -> None:
    assert list(of_the_clock(999)) == []
    assert list(of_the_clock(2500)) == ["its clock is 2.5 s ahead of this machine's"]
    assert list(of_the_clock(-2500)) == ["its clock is 2.5 s behind this machine's"]


def test_too_few_replicas_are_told() -> None:
    assert list(of_the_replicas(2, 2)) == []
    (few,) = of_the_replicas(1, 2)
    assert "has 1 replicas and the setting durability demands 2" in few


def test_what_loses_data_is_told() -> None:
    good = {"maxmemory": 1, "maxmemory_policy": "noeviction", "aof_enabled": 1, "aof_last_write_status": "ok"}
    assert list(of_the_info(good)) == []
    assert list(of_the_info(good | {"maxmemory": 0, "maxmemory_policy": "allkeys-lru"})) == []
    for bad, words in (
        ({"maxmemory_policy": "volatile-ttl"}, "maxmemory-policy is volatile-ttl"),
        ({"aof_enabled": 0}, "appendonly is off"),
        ({"aof_last_write_status": "err"}, "cannot write its append-only file"),
        ({"rdb_last_bgsave_status": "err"}, "cannot write its snapshots"),
    ):
        (problem,) = of_the_info(good | bad)
        assert words in problem


async def test_a_real_server_is_asked_again_when_the_primary_is_another(
    own_store: OwnStore, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = own_store(config={"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    async with real_runner(store.url, namespace) as runner:
        task = asyncio.create_task(StoreChecks(runner, 1).run())
        await eventually(lambda: "appendonly is off" in caplog.text)
        assert "maxmemory-policy is allkeys-lru" in caplog.text
        assert "has 0 replicas" in caplog.text
        assert "clock" not in caplog.text
        caplog.clear()
        runner.link.finder.doubt(runner.link.finder.generation, "a test says so")
        await runner.link.execute("PING")
        await eventually(lambda: "appendonly is off" in caplog.text)
        await end_task(task)


async def test_who_may_not_ask_hears_that_once_and_starts(
    own_store: OwnStore, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    store = own_store()
    async with real_runner(store.url, namespace) as admin:
        await admin.link.execute("ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-@dangerous")
    async with real_runner(store.url.replace("//", "//plain:secret@"), namespace) as runner:
        assert await StoreChecks(runner, 0).check() == []
    assert caplog.text.count("are not checked") == 1


async def test_a_store_that_is_away_is_waited_for(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.05)
    store = own_store()
    store.stop()
    async with real_runner(store.url, namespace) as runner:
        task = asyncio.create_task(StoreChecks(runner, 0).run())
        await asyncio.sleep(0.2)
        assert caplog.text == ""
        store.start()
        await eventually(lambda: "appendonly is off" in caplog.text)
        await end_task(task)


async def test_a_right_that_is_missing_is_told_once_and_when_it_is_granted(
    own_store: OwnStore, namespace: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "RIGHTS_EVERY_S", 0.05)
    store = own_store()
    async with real_runner(store.url, namespace) as admin:
        user = ("ACL", "SETUSER", "partial")
        await admin.link.execute(*user, "on", ">x", "~*", "&*", "+@all", "-zadd", "-hdel")
        async with real_runner(store.url.replace("//", "//partial:x@"), namespace) as runner:
            task = asyncio.create_task(StoreChecks(runner, 0).run())
            await eventually(lambda: caplog.text.count("is missing") == 2)
            assert "is missing: ZADD (" in caplog.text
            assert "is missing: HDEL (" in caplog.text
            await admin.link.execute(*user, "+zadd")
            await eventually(lambda: "is no longer missing: ZADD (" in caplog.text)
            await admin.link.execute(*user, "-evalsha")
            await eventually(lambda: "run the 'evalsha' command" in caplog.text)
            assert caplog.text.count("needs is missing: HDEL") == 1
            await end_task(task)
        assert await admin.link.execute("KEYS", "*") == []


async def test_a_store_that_cannot_run_scripts_for_now_does_not_repeat_what_is_wrong(
    namespace: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "AGAIN_S", 0.01)
    monkeypatch.setattr(module, "RIGHTS_EVERY_S", 0.01)

    def answer(words: list[str]) -> bytes:
        match words[0].upper():
            case "TIME":
                return texts(str(int(time.time())), "0")
            case "INFO":
                return b"$0\r\n\r\n"
        return b"-CLUSTERDOWN The cluster is down\r\n"

    async with RespServer(answer) as server, real_runner(f"redis://127.0.0.1:{server.port}/0", namespace) as runner:
        task = asyncio.create_task(StoreChecks(runner, 0).run())
        await eventually(lambda: sum(words[0].upper() == "EVALSHA" for words in server.heard) > 3)
        assert caplog.text.count("is too old") == 1  # this server tells no version
        await end_task(task)
