import pytest
from redis.asyncio import Redis
from redis.exceptions import ReadOnlyError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from nsredis.core.errors import InvalidField
from nsredis.registry import link as module
from nsredis.registry.link import check_url, open_link
from nsredis.registry.primary import NoPrimary
from tests.conftest import OwnStore
from tests.support.flicker import within
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess


@pytest.mark.parametrize(
    "url", ["redis://h:1/0", "rediss://u:p@h/3", "unix:///tmp/s.sock", "redis+sentinel://h/m", "rediss+cluster://h,i"]
)
def test_urls_that_are_understood(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://h:1/0?no_such_option=secret",
        "redis://h:port/0",
        "redis+sentinel://h/m?no_such_option=secret",
        "rediss+sentinel://h/m?ssl_no_such_option=secret",
        "redis+cluster://h?no_such_option=secret",
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_connected(url: str) -> None:
    for attempt in (check_url, lambda url: open_link(url, "ns")):
        with pytest.raises(InvalidField) as refused:
            attempt(url)
        assert "secret" not in str(refused.value)


async def test_a_link_over_tcp_and_one_over_a_unix_socket_reach_one_store(
    store_server: StoreProcess, namespace: str
) -> None:
    tcp, unix = open_link(store_server.url, namespace), open_link(store_server.unix_url, namespace)
    await tcp.execute("SET", f"nsr:{{{namespace}}}:x", "1")
    assert await unix.block("GET", f"nsr:{{{namespace}}}:x") == b"1"
    await tcp.close()
    await unix.close()


async def test_the_database_is_the_urls(store_server: StoreProcess) -> None:
    link = open_link(store_server.url.removesuffix("0") + "3", "ns")
    assert link.database == 3
    assert b"db=3 " in await link.execute("CLIENT", "INFO")
    await link.close()


async def test_a_command_is_never_repeated_and_never_takes_long(
    own_store: OwnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMAND_TIMEOUT_S", 0.3)
    server = own_store()
    link = open_link(server.url, "ns")
    await link.execute("PING")
    server.pause()
    async with within(1.0):
        with pytest.raises(RedisError):
            await link.execute("INCR", "counter")
    server.resume()
    assert int(await link.execute("GET", "counter")) == 1  # it was executed, but once
    await link.close()


async def test_a_store_that_is_not_there_fails_at_once() -> None:
    link = open_link(f"redis://127.0.0.1:{free_port()}/0", "ns")
    async with within(1.0):
        with pytest.raises(RedisError):
            await link.execute("PING")
    await link.close()


async def test_a_replica_is_no_store(own_store: OwnStore) -> None:
    primary = own_store()
    replica = own_store(config={"replicaof": f"127.0.0.1 {primary.port}"})
    link = open_link(replica.url, "ns")
    with pytest.raises(NoPrimary, match="is a replica, not the primary"):
        await link.execute("PING")
    await link.close()


async def test_no_connection_to_a_primary_that_became_a_replica_is_used_again(own_store: OwnStore) -> None:
    first, second = own_store(), own_store()
    link = open_link(first.url, "ns")
    moves: list[int] = []
    link.on_move(lambda: moves.append(1))
    await link.block("GET", "x")
    await link.execute("GET", "x")
    before = link.generation
    async with Redis.from_url(first.url) as admin:
        await admin.replicaof("127.0.0.1", second.port)
    with pytest.raises(ReadOnlyError):
        await link.execute("EVAL", "return redis.call('SET', KEYS[1], '1')", 1, "x")
    assert moves == []
    assert link.generation != before
    for refused in (link.execute("GET", "x"), link.block("GET", "x"), link.pipeline([["GET", "x"]])):
        with pytest.raises(NoPrimary):
            await refused
    async with Redis.from_url(first.url) as admin:
        await admin.replicaof("NO", "ONE")
    await link.execute("SET", "x", "2")
    assert await link.block("GET", "x") == b"2"
    assert moves == [1]
    await link.close()


async def test_a_command_takes_no_longer_than_an_answer_may(
    own_store: OwnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CALL_S", 0.3)
    server = own_store()
    link = open_link(server.url, "ns")
    await link.execute("PING")
    server.pause()
    for call in (link.execute("PING"), link.pipeline([["PING"]])):
        async with within(1.0):
            with pytest.raises(RedisTimeoutError, match="no answer in time"):
                await call
    server.resume()
    assert await link.execute("PING")
    await link.close()
