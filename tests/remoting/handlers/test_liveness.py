from nsredis.core.brokers import DataVersion
from nsredis.wire import bodies
from nsredis.wire.codes import RequestCode
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.remoting import RemotingClient, broker_ext

QUERY, BEAT = RequestCode.QUERY_DATA_VERSION, RequestCode.BROKER_HEARTBEAT
VERSION = DataVersion(0, 1_700_000_000_000, 1)


async def _last_beat(api: Api) -> int:
    beat: int = (await api.get("/v1/brokers/c/a/0?live=1")).json["lastBeatMs"]
    return beat


async def test_the_data_version_that_is_known(client: RemotingClient) -> None:
    await client.register("a", 0, version=VERSION)
    same = await client.call(QUERY, broker_ext(), bodies.data_version(VERSION))
    assert (same.code, same.ext, same.body) == (0, {"changed": "false"}, bodies.data_version(VERSION))
    newer = await client.call(QUERY, broker_ext(), bodies.data_version(DataVersion(0, 1_700_000_000_000, 2)))
    assert (newer.code, newer.ext, newer.body) == (0, {"changed": "true"}, bodies.data_version(VERSION))
    none = await client.call(QUERY, broker_ext())
    assert (none.code, none.ext) == (0, {"changed": "true"})


async def test_the_data_version_of_a_stranger(client: RemotingClient) -> None:
    await client.register("a", 0, version=VERSION)
    for ext in (broker_ext("b"), broker_ext("a", 0, address="10.9.9.9:1"), broker_ext("a", 0, cluster="other")):
        answer = await client.call(QUERY, ext, bodies.data_version(VERSION))
        assert (answer.code, answer.ext, answer.body) == (0, {"changed": "true"}, None)
    assert (await client.call(QUERY, {"brokerName": "a"})).code == 1
    assert (await client.call(QUERY, broker_ext(), b"{")).code == 1


async def test_a_query_renews_the_lease_whatever_it_says(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0, version=VERSION)
    first = await _last_beat(api)
    await client.call(QUERY, broker_ext(), bodies.data_version(DataVersion()))

    async def renewed() -> bool:
        client.one_way(QUERY, broker_ext(), bodies.data_version(VERSION))
        return await _last_beat(api) > first

    await eventually(renewed)


async def test_a_heartbeat_renews_the_lease_also_without_an_id(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0)
    first = await _last_beat(api)
    ext = broker_ext()
    del ext["brokerId"]

    async def renewed() -> bool:
        client.one_way(BEAT, ext)
        return await _last_beat(api) > first

    await eventually(renewed)
    assert (await client.call(BEAT, ext)).code == 0
    assert client.unasked == []


async def test_a_heartbeat_of_nobody_is_no_success(client: RemotingClient) -> None:
    answer = await client.call(BEAT, broker_ext())
    assert answer.code == 1
    assert (answer.remark or "").startswith("broker-not-found: ")


async def test_a_broker_that_beats_outlives_its_lease(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0, heartbeatTimeoutMillis="1000")
    await client.register("b", 0, heartbeatTimeoutMillis="1000")

    async def only_a_is_left() -> bool:
        client.one_way(BEAT, broker_ext("a"))
        return await api.states() == {"a/0": "online", "b/0": "offline"}

    await eventually(only_a_is_left, every_s=0.1)
