"""mqadmin prints the same, whichever name server it asks."""

import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from tests.interop.admin_texts import comparable, difference, table, without_numbers
from tests.interop.broker import CLUSTER, Broker
from tests.interop.mqadmin import MqAdmin
from tests.interop.name_servers import NameServer
from tests.interop.remoting import routed, topic_perms
from tests.support.eventually import eventually

OF_OTHERS: Final = re.compile(r"\b[A-Z][a-z]+[0-9a-f]{8}\b|%RETRY%")
NOBODY: Final = "127.0.0.1:1"


@dataclass(frozen=True)
class Story:
    """A topic of its own, and one address of the name server that is asked."""

    address: str
    topic: str
    broker: Broker

    def words(self, line: str) -> list[str]:
        named = line.format(topic=self.topic, cluster=CLUSTER, broker=self.broker.address)
        return [*named.split(), "-n", self.address]

    def masked(self, text: str) -> str:
        """A text as any telling may print it. Topics of other tests are left out: their consumers come and go."""
        own = text.replace(self.topic, "TOPIC").replace(self.address, "NAMESERVER")
        return comparable("\n".join(line for line in own.splitlines() if not OF_OTHERS.search(line)))


def _routed_with(perm: int) -> Callable[[Story], bool]:
    return lambda story: set(topic_perms(story.address, story.topic).values()) == {perm}


def _not_routed(story: Story) -> bool:
    return not routed(story.address, story.topic)


# Every command, in an order in which each finds something. A condition says when what it did has come to the name
# server by way of the brokers.
STORY: Final[list[tuple[str, Callable[[Story], bool] | None]]] = [
    ("clusterList", None),
    ("clusterList -m", None),
    ("clusterList -c {cluster}", None),
    ("topicRoute -t {topic}", None),
    ("updateTopic -c {cluster} -t {topic} -r 2 -w 3", _routed_with(6)),
    ("topicRoute -t {topic}", None),
    ("topicRoute -t {topic} -l", None),
    ("topicList", None),
    ("topicList -c", None),
    ("topicClusterList -t {topic}", None),
    ("topicStatus -t broker-a", None),
    ("statsAll -t {topic}", None),
    ("allocateMQ -t {topic} -i 10.0.0.1,10.0.0.2", None),
    ("updateKvConfig -s space -k {topic} -v value", None),
    ("deleteKvConfig -s space -k {topic}", None),
    ("updateOrderConf -t {topic} -m get", None),
    ("updateOrderConf -t {topic} -m put -v broker-a:2", None),
    ("updateOrderConf -t {topic} -m get", None),
    ("updateOrderConf -t {topic} -m delete", None),
    ("updateOrderConf -t {topic} -m get", None),
    ("wipeWritePerm -b broker-a", None),
    ("topicRoute -t {topic}", None),
    ("addWritePerm -b broker-a", None),
    ("topicRoute -t {topic}", None),
    ("wipeWritePerm -b nobody", None),
    ("updateTopicPerm -t {topic} -p 4 -c {cluster}", _routed_with(4)),
    ("topicRoute -t {topic}", None),
    ("updateTopicPerm -t {topic} -p 6 -c {cluster}", _routed_with(6)),
    ("updateTopic -c {cluster} -t {topic}-ordered -r 2 -w 2 -o true", None),
    ("updateOrderConf -t {topic}-ordered -m get", None),
    ("updateOrderConf -t {topic}-ordered -m delete", None),
    ("haStatus -b {broker}", None),
    ("brokerStatus -c {cluster}", None),
    ("getBrokerConfig -c {cluster}", None),
    ("updateSubGroup -c {cluster} -g group", None),
    ("getNamesrvConfig", None),
    ("updateNamesrvConfig -k enableTopicList -v true", None),
    ("updateNamesrvConfig -k kvConfigPath -v elsewhere", None),
    ("checkMsgSendRT -t {topic} -a 3 -s 10", None),
    ("deleteTopic -c {cluster} -t {topic}", _not_routed),
    ("topicRoute -t {topic}", None),
    ("deleteTopic -c {cluster} -t {topic}-ordered", None),
]

# Which commands print something else than with RocketMQ 5's name server, and why.
DIFFERENT: Final[dict[str, dict[str, str]]] = {
    "java-5": {},
    "nsredis": {
        "getNamesrvConfig": "configuration: other settings, and no paths",
        "updateNamesrvConfig -k enableTopicList -v true": "configuration-update: refused unless a node allows it",
        "updateNamesrvConfig -k kvConfigPath -v elsewhere": "configuration-update: worded in another way",
    },
    "java-4": {
        "getNamesrvConfig": "4.x has fewer settings",
        "updateNamesrvConfig -k kvConfigPath -v elsewhere": "4.9.7 words its refusal in another way",
        "topicRoute -t {topic}": "4.x names an older page of help when there is no route",
    },
}

# Whose numbers are counts of a broker, which go on, or queues in the order of a hash.
UNSTEADY: Final = {
    "clusterList -m",
    "brokerStatus -c {cluster}",
    "haStatus -b {broker}",
    "getBrokerConfig -c {cluster}",
    "checkMsgSendRT -t {topic} -a 3 -s 10",
    "allocateMQ -t {topic} -i 10.0.0.1,10.0.0.2",
}


async def _tell(mqadmin: MqAdmin, name_servers: dict[str, NameServer], kind: str, broker: Broker) -> list[str]:
    """What mqadmin prints at each step of the story."""
    story = Story(name_servers[kind].addresses[0], f"Told{secrets.token_hex(4)}", broker)
    printed = []
    for line, condition in STORY:
        printed.append(story.masked(mqadmin.run(*story.words(line))))
        if condition is not None:
            await eventually(lambda condition=condition: condition(story), 10, what=line)  # type: ignore[misc]
    # A topic stays with name servers that nobody told to delete it.
    everywhere = ";".join(server.remoting for server in name_servers.values())
    for topic in (story.topic, f"{story.topic}-ordered"):
        mqadmin.run("deleteTopic", "-c", CLUSTER, "-t", topic, "-n", everywhere)
    return printed


async def test_every_command_prints_what_it_prints_with_the_real_one(
    kind: str, name_servers: dict[str, NameServer], fleet: dict[str, Broker], mqadmin: MqAdmin
) -> None:
    real = await _tell(mqadmin, name_servers, "java-5", fleet["broker-a"])
    ours = await _tell(mqadmin, name_servers, kind, fleet["broker-a"])
    differing = {}
    for (line, _), expected, printed in zip(STORY, real, ours, strict=True):
        drop = without_numbers if line in UNSTEADY else str
        if drop(expected) != drop(printed) and line not in DIFFERENT[kind]:
            differing[line] = difference(expected, printed)
    assert not differing, "\n".join(itertools.chain.from_iterable(differing.items()))


def test_the_cluster_is_listed_with_both_brokers(
    name_server: NameServer, fleet: dict[str, Broker], mqadmin: MqAdmin
) -> None:
    rows = table(mqadmin.run("clusterList", "-n", name_server.remoting))
    assert [row[:5] for row in rows if row[1] in fleet] == [
        [CLUSTER, "broker-a", "0", fleet["broker-a"].address, "V5_4_0"],
        [CLUSTER, "broker-b", "0", fleet["broker-b"].address, "V4_9_7"],
    ]


@pytest.mark.usefixtures("fleet")
def test_a_topic_is_listed_and_its_route_shown(name_server: NameServer, mqadmin: MqAdmin) -> None:
    assert "TBW102" in mqadmin.run("topicList", "-n", name_server.remoting).split()
    rows = table(mqadmin.run("topicRoute", "-l", "-t", "TBW102", "-n", name_server.remoting))
    assert {"broker-a", "broker-b"} <= {row[1] for row in rows if row[0] == CLUSTER}


def test_without_a_name_server_mqadmin_prints_why(mqadmin: MqAdmin) -> None:
    printed = mqadmin.run("clusterList", "-n", NOBODY)
    assert f"connect to {NOBODY} failed" in printed or f"connect to [{NOBODY}] failed" in printed, printed


async def test_a_message_is_sent_and_read(name_server: NameServer, fleet: dict[str, Broker], mqadmin: MqAdmin) -> None:
    topic = f"Sent{secrets.token_hex(4)}"
    mqadmin.run("updateTopic", "-b", fleet["broker-a"].address, "-t", topic, "-n", name_server.remoting)
    await eventually(lambda: all("broker-a" in routed(address, topic) for address in name_server.addresses), 10)
    assert "SEND_OK" in mqadmin.run("sendMessage", "-t", topic, "-p", "hello", "-n", name_server.remoting)
    assert "hello" in mqadmin.run("consumeMessage", "-t", topic, "-n", name_server.remoting)
