"""A broker is killed: every node drops it at once, whichever heard its connection close; others lose nobody."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import aiohttp
import pytest

from nsredis.core.brokers import BrokerKey
from tests.conftest import NodeFactory
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

LISTENING = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
node = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sys.stdin.read()
"""
KEY = BrokerKey("a", 0)


class BrokerProcess:
    """A process that listens as brokers do, and holds a connection to us."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as door:
            command = [sys.executable, "-c", LISTENING, str(door.getsockname()[1])]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert self.process.stdout is not None
            self.address = f"127.0.0.1:{int(self.process.stdout.readline())}"
            self.connection, _ = door.accept()

    def kill9(self) -> None:
        """Kill it and return when the connection is seen to close, no later."""
        self.process.kill()
        self.connection.recv(1)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.connection.close()


@pytest.fixture
def broker() -> Iterator[BrokerProcess]:
    broker = BrokerProcess()
    yield broker
    broker.close()


async def _reached(node: Api) -> bool:
    return b'nsredis_probes_total{outcome="reached"} 1.0' in (await node.get("/metrics")).body


async def _state(node: Api, state: str) -> bool:
    return (await node.states())["a/0"] == state


async def test_a_killed_broker_leaves_every_node_long_before_its_lease(
    broker: BrokerProcess, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    heard, other = [await node_factory(store_server.url) for _ in range(2)]
    nodes = [Api(http, node.http_address) for node in (heard, other)]
    epoch = (await nodes[0].register("a", address=broker.address, leaseMs=600_000)).json["epoch"]
    assert heard._suspects is not None
    heard._suspects.registered(KEY, broker.address, epoch)
    await eventually(partial(_reached, nodes[0]))
    broker.kill9()
    heard._suspects.connection_lost([KEY])
    for node in nodes:
        await eventually(partial(_state, node, "offline"))
        assert (await node.get("/v1/brokers/c/a/0")).json["reason"] == "connection-lost"


async def test_a_node_that_may_not_probe_marks_only(
    broker: BrokerProcess, node_factory: NodeFactory, store_server: StoreProcess, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(store_server.url, probe_brokers=False)
    api = Api(http, node.http_address)
    epoch = (await api.register("a", address=broker.address, leaseMs=600_000)).json["epoch"]
    assert node._suspects is not None
    node._suspects.registered(KEY, broker.address, epoch)
    broker.kill9()
    node._suspects.connection_lost([KEY])
    await eventually(partial(_state, api, "suspect"))
    assert b"nsredis_probes_total{outcome=" not in (await api.get("/metrics")).body


async def test_a_node_that_goes_away_judges_nobody(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    node = await node_factory(store_server.url)
    await node.stop()
    assert node._suspects is not None
    before = asyncio.all_tasks()
    node._suspects.connection_lost([KEY])  # its doors close every connection
    assert asyncio.all_tasks() == before
