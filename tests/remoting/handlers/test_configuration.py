import pytest

from nsredis.wire import properties
from nsredis.wire.codes import RequestCode
from tests.conftest import NodeFactory
from tests.remoting.handlers.conftest import Connect
from tests.support.api import Api
from tests.support.remoting import RemotingClient
from tests.support.store_process import StoreProcess

GET, UPDATE = RequestCode.GET_NAMESRV_CONFIG, RequestCode.UPDATE_NAMESRV_CONFIG


async def _configuration(client: RemotingClient) -> dict[str, str]:
    answer = await client.call(GET)
    assert answer.code == 0
    assert answer.body is not None
    assert answer.body.endswith(b"\n")
    return properties.parse(answer.body)


async def test_it_shows_no_secrets(node_factory: NodeFactory, connect: Connect, store_server: StoreProcess) -> None:
    # A server whose default user needs no password takes any.
    node = await node_factory(store_server.url.replace("redis://", "redis://default:secret@"))
    shown = await _configuration(await connect(node))
    assert "127.0.0.1" in shown["redis"]
    assert "secret" not in repr(shown)


async def test_the_settings_of_the_namespace(client: RemotingClient, api: Api) -> None:
    shown = await _configuration(client)
    assert shown["supportActingMaster"] == "false"
    assert shown["returnOrderTopicConfigToBroker"] == "true"
    assert shown["remotingLeaseMs"] == "120000"
    assert shown["listenPort"].isdigit()
    assert "secret" not in shown
    await api.call("PATCH", "/v1/settings", {"supportActingMaster": True})
    assert (await _configuration(client))["supportActingMaster"] == "true"


async def test_updates_are_refused_unless_the_node_allows_them(client: RemotingClient) -> None:
    answer = await client.call(UPDATE, body=b"supportActingMaster=true\n")
    assert answer.code == 16
    assert (await _configuration(client))["supportActingMaster"] == "false"
    assert (await client.call(UPDATE)).code == 0


async def test_updates_where_the_node_allows_them(
    node_factory: NodeFactory, connect: Connect, store_server: StoreProcess
) -> None:
    client = await connect(await node_factory(store_server.url, remoting_settings=True))
    assert (await client.call(UPDATE, body=b"supportActingMaster=true\norderMessageEnable=true\n")).code == 0
    shown = await _configuration(client)
    assert (shown["supportActingMaster"], shown["orderMessageEnable"]) == ("true", "true")
    bad = await client.call(UPDATE, body=b"enableTopicList=false\nsupportActingMaster=maybe\n")
    assert bad.code == 1
    assert "supportActingMaster" in (bad.remark or "")
    assert (await _configuration(client))["enableTopicList"] == "true"
    assert (await client.call(UPDATE, body=b"{key=value}")).code == 0  # unknown keys are passed over


@pytest.mark.parametrize("key", ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"])
async def test_what_nobody_may_update(client: RemotingClient, key: str) -> None:
    answer = await client.call(UPDATE, body=f"{key}=/etc/passwd\n".encode())
    assert (answer.code, answer.remark) == (16, "Can not update config in black list.")
