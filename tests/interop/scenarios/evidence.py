"""What a node tells of brokers, and what brokers tell of themselves."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from nsredis.core.changes import ChangeKind
from nsredis.wire import fastjson
from nsredis.wire.commands import Command
from tests.interop.broker import BrokerSpec
from tests.interop.remoting import ask
from tests.support.api import Api

GET_ALL_TOPIC_CONFIG: Final = 21
UPDATE_AND_CREATE_TOPIC: Final = 17

REMOVALS: Final = {ChangeKind.EXPIRE, ChangeKind.UNREGISTER, ChangeKind.LOST, ChangeKind.MOVE}

Queues = tuple[int, int, int, int]
"""Read queues, write queues, permission, flags."""


async def revision(api: Api) -> int:
    """The revision that a node has."""
    return (await api.get("/v1/nodes")).revision


async def events(api: Api, after: int) -> list[dict[str, Any]]:
    """What happened after a revision."""
    reply = await api.get(f"/v1/events?after={after}&limit=10000")
    assert reply.status == 200, reply
    items: list[dict[str, Any]] = reply.json["items"]
    return items


async def removals(api: Api, after: int) -> list[dict[str, Any]]:
    """Who left after a revision, for whatever reason."""
    return [event for event in await events(api, after) if event["kind"] in REMOVALS]


async def metric(api: Api, sample: str) -> float:
    """The value of one sample, 0 when there is none (yet)."""
    text = (await api.get("/metrics")).body.decode()
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def broker(api: Api, spec: BrokerSpec, query: str = "") -> dict[str, Any]:
    """What a node knows of a broker; nothing when it never registered."""
    reply = await api.get(f"/v1/brokers/{spec.cluster}/{spec.name}/{spec.broker_id}{query}")
    known: dict[str, Any] = reply.json if reply.status == 200 else {}
    return known


async def last_beat_ms(api: Api, spec: BrokerSpec) -> int:
    """When the store last heard of a broker, on the store's clock; 0 for one that is not there."""
    return (await broker(api, spec, "?live=1")).get("lastBeatMs") or 0


async def online(api: Api, *specs: BrokerSpec) -> bool:
    """Whether all these brokers are there, at their addresses."""
    known = [await broker(api, spec) for spec in specs]
    return [(one.get("state"), one.get("address")) for one in known] == [("online", spec.address) for spec in specs]


def own_topics(spec: BrokerSpec) -> dict[str, Queues]:
    """The topics that a broker has, as it says itself."""
    answer = ask(spec.address, Command(GET_ALL_TOPIC_CONFIG, ext={"topicSeq": "0"}))
    assert answer.code == 0, answer
    table: Mapping[str, dict[str, Any]] = fastjson.loads(answer.body or b"{}")["topicConfigTable"]
    return {name: _queues(config) for name, config in table.items()}


async def served_topics(api: Api, name: str) -> dict[str, Queues]:
    """The topics that a node routes to a broker group, with what the group offers."""
    topics = (await api.get("/v1/topics?limit=10000")).json["items"]
    served = {}
    for at in range(0, len(topics), 50):
        query = "&".join(f"topic={quote(topic, safe='')}" for topic in topics[at : at + 50])
        routes = (await api.get(f"/v1/routes?{query}")).json["items"]
        for topic, route in routes.items():
            for queue_data in route["queueDatas"] if route else ():
                if queue_data["brokerName"] == name:
                    served[topic] = _queues(queue_data)
    return served


def _queues(data: Mapping[str, int]) -> Queues:
    return data["readQueueNums"], data["writeQueueNums"], data["perm"], data["topicSysFlag"]


def create_topic(spec: BrokerSpec, topic: str, queues: int = 4, perm: int = 6) -> None:
    """Create or change a topic at a broker, which tells its name servers at once."""
    ext = {"topic": topic, "defaultTopic": "TBW102", "readQueueNums": str(queues), "writeQueueNums": str(queues)}
    more = {"perm": str(perm), "topicFilterType": "SINGLE_TAG", "topicSysFlag": "0", "order": "false"}
    answer = ask(spec.address, Command(UPDATE_AND_CREATE_TOPIC, ext=ext | more))
    assert answer.code == 0, answer
