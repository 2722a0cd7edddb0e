from nsredis.wire.codes import RequestCode
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.remoting import RemotingClient, broker_ext

EVERY = [code for code in RequestCode if code not in (47, 905)]


async def test_codes_that_no_name_server_knows(client: RemotingClient) -> None:
    for code in (0, 47, 905, 1001, 99999):
        answer = await client.call(code)
        assert (answer.code, answer.remark) == (3, f" request type {code} not supported")


async def test_every_code_is_answered_whatever_is_missing(client: RemotingClient) -> None:
    for code in EVERY:
        answer = await client.call(code)
        assert answer.code in (0, 1, 17, 22), (code, answer)
        junk = await client.call(code, {"brokerId": "x", "topic": "\u0000"}, b"\x78\xff{")
        assert junk.code in (0, 1, 17, 22), (code, junk)


async def test_one_way_requests_are_never_answered(client: RemotingClient, api: Api) -> None:
    for code in (*EVERY, 99999):
        client.one_way(code, {})
    client.one_way(RequestCode.BROKER_HEARTBEAT, broker_ext())
    assert (await client.call(RequestCode.GET_BROKER_CLUSTER_INFO)).code == 0
    assert client.unasked == []


async def test_a_broker_registers_one_way_too(client: RemotingClient, api: Api) -> None:
    await client.register("a", 0)
    client.one_way(RequestCode.UNREGISTER_BROKER, broker_ext("a", 0))

    async def gone() -> bool:
        return await client.route("TopicA") is None

    await eventually(gone)
