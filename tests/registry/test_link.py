import time

import pytest
from redis.exceptions import RedisError

from nsredis.core.errors import InvalidField
from nsredis.registry import link as module
from nsredis.registry.link import check_url, describe, open_link
from tests.conftest import OwnStore
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://u:p@h/3", "unix:///tmp/s.sock"])
def test_urls_that_are_understood(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize("url", ["", "h:6379", "http://u:secret@h", "redis+sentinel://h/name", "valkey://u:secret@h"])
def test_urls_that_are_not(url: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_url(url)
    assert "secret" not in str(refused.value)


def test_a_wrong_option_is_refused_before_anything_is_connected() -> None:
    with pytest.raises(InvalidField):
        open_link("redis://h:1/0?no_such_option=1")
    with pytest.raises(InvalidField):
        open_link("redis://h:port/0")


def test_what_is_printed_holds_no_password() -> None:
    assert describe("rediss://user:secret@h:1/3?ssl_ca_certs=x") == "rediss://h:1/3"
    assert describe("unix:///run/s.sock") == "unix:///run/s.sock"


async def test_a_link_over_tcp_and_one_over_a_unix_socket_reach_one_store(
    store_server: StoreProcess, namespace: str
) -> None:
    tcp, unix = open_link(store_server.url), open_link(store_server.unix_url)
    await tcp.execute("SET", f"nsr:{{{namespace}}}:x", "1")
    assert await unix.block("GET", f"nsr:{{{namespace}}}:x") == b"1"
    await tcp.close()
    await unix.close()


async def test_the_database_is_the_urls(store_server: StoreProcess) -> None:
    link = open_link(store_server.url.removesuffix("0") + "3")
    assert link.database == 3
    assert b"db=3 " in await link.execute("CLIENT", "INFO")
    await link.close()


async def test_a_command_is_never_repeated_and_never_takes_long(
    own_store: OwnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMAND_TIMEOUT_S", 0.3)
    server = own_store()
    link = open_link(server.url)
    await link.execute("PING")
    server.pause()
    started = time.monotonic()
    with pytest.raises(RedisError):
        await link.execute("INCR", "counter")
    assert time.monotonic() - started < 1.0
    server.resume()
    assert int(await link.execute("GET", "counter")) == 1  # it was executed, but once
    await link.close()


async def test_a_store_that_is_not_there_fails_at_once() -> None:
    link = open_link(f"redis://127.0.0.1:{free_port()}/0")
    started = time.monotonic()
    with pytest.raises(RedisError):
        await link.execute("PING")
    assert time.monotonic() - started < 1.0
    await link.close()
