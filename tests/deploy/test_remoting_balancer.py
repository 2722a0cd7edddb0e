"""RocketMQ's protocol behind Debian's haproxy: nodes and balancers come and go, and nobody is removed for it."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from nsredis.wire import properties
from nsredis.wire.codes import RequestCode
from tests.deploy.balancer import Balancer
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.remoting import RemotingClient
from tests.support.serve_process import ServeProcess

pytestmark = pytest.mark.installed

BROKERS = 6


async def _node_of(client: RemotingClient) -> str:
    """Which node answers on a connection."""
    answer = await client.call(RequestCode.GET_NAMESRV_CONFIG)
    assert answer.body is not None
    return properties.parse(answer.body)["nodeId"]


async def test_connections_leave_a_draining_node_and_only_that(balancer: Balancer, nodes: list[ServeProcess]) -> None:
    clients = [await RemotingClient.connect(balancer.remoting) for _ in range(6)]
    behind = [await _node_of(client) for client in clients]
    assert sorted(behind) == ["node1", "node1", "node2", "node2", "node3", "node3"]
    nodes[0].terminate()
    gone = [client for client, node in zip(clients, behind, strict=True) if node == "node1"]
    await eventually(lambda: all(client.closed for client in gone), 10)
    assert nodes[0].process.poll() is None, "connections must move before the node ends"
    for client, node in zip(clients, behind, strict=True):
        if node != "node1":
            assert await _node_of(client) == node
    again = [await RemotingClient.connect(balancer.remoting) for _ in range(4)]
    assert {await _node_of(client) for client in again} == {"node2", "node3"}
    for client in clients + again:
        await client.close()


@pytest.fixture
async def ports() -> AsyncIterator[list[str]]:
    """Ports on which brokers listen, so that nodes can see that they live."""
    servers = [await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) for _ in range(BROKERS)]
    yield [f"127.0.0.1:{server.sockets[0].getsockname()[1]}" for server in servers]
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_restarts_of_a_node_and_of_the_balancer_remove_nobody(
    balancer: Balancer, nodes: list[ServeProcess], ports: list[str], http: aiohttp.ClientSession
) -> None:
    brokers = [await RemotingClient.connect(balancer.remoting) for _ in ports]
    for i, (broker, port) in enumerate(zip(brokers, ports, strict=True)):
        assert (await broker.register(f"b{i}", address=port)).code == 0
    everybody = [f"b{i}" for i in range(BROKERS)]
    watcher = Api(http, nodes[2].http)
    last = (await watcher.get("/v1/topics")).revision

    nodes[0].kill9()
    nodes[0].start()
    await nodes[0].ready()
    balancer.kill()
    await eventually(lambda: all(broker.closed for broker in brokers), 10)

    async def suspected() -> set[str]:
        events = (await watcher.get(f"/v1/events?after={last}")).json["items"]
        return {event["kind"] for event in events}

    await eventually(
        lambda: _all_suspects(watcher), 10, what="every node looked at the brokers whose connection closed"
    )
    assert await suspected() == {"suspect"}
    assert await watcher.brokers_of("TopicA") == everybody

    await balancer.start()
    for i, port in enumerate(ports):
        again = await RemotingClient.connect(balancer.remoting)
        assert (await again.register(f"b{i}", address=port)).code == 0
        await again.close()
    assert await suspected() <= {"suspect", "recovered"}
    assert await watcher.brokers_of("TopicA") == everybody
    for broker in brokers:
        await broker.close()


async def _all_suspects(api: Api) -> bool:
    """Those whose node was killed are not suspects: nobody saw their connection close."""
    return set((await api.states()).values()) <= {"suspect", "online"} and "suspect" in (await api.states()).values()
