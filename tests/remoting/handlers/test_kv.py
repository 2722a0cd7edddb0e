import pytest

from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.support.api import Api
from tests.support.remoting import RemotingClient

KEY = {"namespace": "ORDER_TOPIC_CONFIG", "key": "TopicOrder"}
PUT, GET, DELETE, LIST = (
    RequestCode.PUT_KV_CONFIG,
    RequestCode.GET_KV_CONFIG,
    RequestCode.DELETE_KV_CONFIG,
    RequestCode.GET_KVLIST_BY_NAMESPACE,
)


@pytest.mark.parametrize("form", Serialization)
async def test_put_get_list_and_delete(client: RemotingClient, api: Api, form: Serialization) -> None:
    put = await client.call(PUT, {**KEY, "value": "broker-a:4"}, serialization=form)
    assert (put.code, put.remark, put.body, put.serialization) == (0, None, None, form)
    got = await client.call(GET, KEY, serialization=form)
    assert (got.code, got.ext) == (0, {"value": "broker-a:4"})
    assert (await api.get("/v1/kv/ORDER_TOPIC_CONFIG/TopicOrder")).json["value"] == "broker-a:4"
    listed = await client.call(LIST, {"namespace": "ORDER_TOPIC_CONFIG"})
    assert listed.code == 0
    assert fastjson.loads(listed.body or b"") == {"table": {"TopicOrder": "broker-a:4"}}
    assert (await client.call(DELETE, KEY)).code == 0
    assert (await client.call(GET, KEY)).code == 22


async def test_what_is_not_there(client: RemotingClient) -> None:
    got = await client.call(GET, {"namespace": "n", "key": "k"})
    assert (got.code, got.remark) == (22, "No config item, Namespace: n Key: k")
    nothing = await client.call(GET)
    assert (nothing.code, nothing.remark) == (22, "No config item, Namespace: null Key: null")
    listed = await client.call(LIST, {"namespace": "n"})
    assert (listed.code, listed.remark, listed.body) == (22, "No config item, Namespace: n", None)
    assert (await client.call(DELETE, {"namespace": "n", "key": "k"})).code == 0


async def test_a_key_needs_its_names(client: RemotingClient, api: Api) -> None:
    before = (await api.get("/v1/kv/n/k")).revision
    for ext in ({}, {"key": "k", "value": "v"}, {"namespace": "n", "value": "v"}):
        answer = await client.call(PUT, ext)
        assert (answer.code, answer.remark) == (1, "namespace or key is null")
    long = await client.call(PUT, {"namespace": "n", "key": "k", "value": "v" * 65537})
    assert (long.code, long.remark) == (1, "invalid-field: value: must have at most 65536 characters")
    assert (await api.get("/v1/kv/n/k")).revision == before


async def test_no_value_is_no_key(client: RemotingClient) -> None:
    await client.call(PUT, {**KEY, "value": "x"})
    assert (await client.call(PUT, KEY)).code == 0
    assert (await client.call(GET, KEY)).code == 22


async def test_the_same_value_again_is_no_change(client: RemotingClient, api: Api) -> None:
    await client.call(PUT, {**KEY, "value": "x"})
    before = (await api.get("/v1/clusters")).revision
    assert (await client.call(PUT, {**KEY, "value": "x"})).code == 0
    assert (await api.get("/v1/clusters")).revision == before
