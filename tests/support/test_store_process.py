from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.conftest import OwnStore
from tests.support.eventually import eventually
from tests.support.processes import alive


def _client(url: str) -> Redis:
    return Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=0.2)


async def _answers(client: Redis) -> bool:
    try:
        return bool(await client.ping())
    except RedisError:
        return False


async def test_it_is_paused_killed_and_restarted(own_store: OwnStore) -> None:
    store = own_store(durable=True)
    client = _client(store.url)
    await client.set("a", "1")
    store.pause()
    assert not await _answers(client)
    store.resume()
    await eventually(lambda: _answers(client))
    pid = store.pid
    store.kill9()
    assert not alive(pid)
    assert not await _answers(client)
    store.start()
    await eventually(lambda: _answers(client))
    assert await client.get("a") == b"1"
    store.restart()
    await eventually(lambda: _answers(client))
    assert await client.get("a") == b"1"
    store.pause()
    store.kill9()
    await client.aclose()


async def test_without_a_file_a_restart_loses_everything(own_store: OwnStore) -> None:
    store = own_store(config={"maxmemory": "64mb"})
    client = _client(store.unix_url)
    await client.set("a", "1")
    assert (await client.config_get("maxmemory"))["maxmemory"] == str(64 << 20)
    store.restart()
    await eventually(lambda: _answers(client))
    assert await client.get("a") is None
    await client.aclose()
