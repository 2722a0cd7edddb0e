"""Clients of applications send and receive, whichever name server they ask."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.interop.broker import CLUSTER, Broker
from tests.interop.clients import Consumer, CppClient, Producer, bodies
from tests.interop.logged_process import LoggedProcess
from tests.interop.mqadmin import MqAdmin
from tests.interop.name_servers import NameServer
from tests.interop.proxy import Proxy
from tests.interop.releases import RELEASE_4, RELEASE_5, Release
from tests.interop.remoting import routed
from tests.support.eventually import eventually

COUNT = 20
ALL = sorted(map(str, range(COUNT)))
RECEIVED_S = 60.0
"""The C++ consumer looks for queues every 20 s; on a busy machine it may miss them the first time."""

pytestmark = pytest.mark.usefixtures("fleet")

Start = Callable[[LoggedProcess], None]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts processes that end with the test."""
    with ExitStack() as ends:

        def start(process: LoggedProcess) -> None:
            ends.callback(process.kill9)
            process.start()

        yield start


@pytest.fixture
def topic() -> str:
    """A topic that nobody has created: brokers do it when the first message comes."""
    return f"Auto{secrets.token_hex(4)}"


def _receives_all(consumer: LoggedProcess) -> None:
    consumer.wait_until(lambda: set(bodies(consumer, "received")) == set(ALL), RECEIVED_S, f"receives {COUNT}")


@pytest.mark.parametrize("release", [RELEASE_5, RELEASE_4], ids=["client-5", "client-4"])
def test_java_clients_send_to_a_new_topic_and_receive(
    release: Release, name_server: NameServer, topic: str, tmp_path: Path, start: Start
) -> None:
    producer = Producer(release, tmp_path, name_server.remoting, topic, count=COUNT)
    start(producer)
    producer.wait_for("^done$")
    assert sorted(bodies(producer, "sent")) == ALL
    assert all(routed(address, topic) for address in name_server.addresses)
    consumer = Consumer(release, tmp_path, name_server.remoting, topic)
    start(consumer)
    _receives_all(consumer)


def test_the_cpp_client_sends_and_receives(name_server: NameServer, topic: str, tmp_path: Path, start: Start) -> None:
    producer = CppClient(tmp_path, "send", name_server.remoting, topic, str(COUNT))
    start(producer)
    producer.wait_for("^done$")
    assert sorted(bodies(producer, "sent")) == ALL
    consumer = CppClient(tmp_path, "receive", name_server.remoting, topic, "cpp")
    start(consumer)
    _receives_all(consumer)


async def test_the_proxy_serves_its_clients(
    name_server: NameServer, fleet: dict[str, Broker], mqadmin: MqAdmin, topic: str, tmp_path: Path, start: Start
) -> None:
    mqadmin.run("updateTopic", "-c", CLUSTER, "-t", topic, "-n", name_server.remoting)
    await eventually(lambda: all(set(routed(at, topic)) == set(fleet) for at in name_server.addresses), 10)
    proxy = Proxy(RELEASE_5, tmp_path, name_server.remoting)
    start(proxy)
    proxy.wait_ready()
    status, *queues = proxy.route(topic)
    assert status == ["status", "OK"]
    assert {words[1] for words in queues} == set(fleet)
    producer = Producer(RELEASE_5, tmp_path, proxy.remoting, topic, count=COUNT)
    start(producer)
    producer.wait_for("^done$")
    assert sorted(bodies(producer, "sent")) == ALL
