"""Connections that answer the short way beside those that do not, and a count of the short answers."""

from collections.abc import AsyncIterator

import pytest

from nsredis.core.brokers import Broker, BrokerKey, Group
from nsredis.core.queues import QueueData
from nsredis.http_api.quick_answers import QuickAnswers
from nsredis.registry.tables import Table
from nsredis.view.state import State
from nsredis.view.table_change import TableChange
from tests.http_api.quick.both_ways import BothWays

TOPICS = ["TopicA", "TopicB", "%RETRY%group"]
PATHS = ["/v1/routes/TopicA", "/v1/routes/TopicB", "/v1/routes/%25RETRY%25group", "/v1/routes/Nope"]
LISTS = [
    "/v1/topics",
    "/v1/topics?prefix=TopicA&limit=1",
    "/v1/topics?cursor=x",
    "/v1/clusters",
    "/v1/clusters?limit=0",
]
GET = b"GET /v1/routes/TopicA HTTP/1.1\r\nHost: name-server\r\n\r\n"


def filled(tag: str = "t") -> State:
    state = State(7, tag)
    for name in ("a", "b"):
        state.set_broker(BrokerKey(name, 0), Broker("c", name, 0, "10.0.0.1:1", 1, 30_000, 1, 1))
        state.set_group(name, Group(name, "c", {0: "10.0.0.1:1"}))
        state.set_table(TableChange(name, Table(1, dict.fromkeys(TOPICS, QueueData())), TOPICS, [], []))
    return state


@pytest.fixture
async def both() -> AsyncIterator[BothWays]:
    both = BothWays()
    await both.start()
    both.begin(filled())
    yield both
    await both.stop()


class Hits:
    """How many requests were answered the short way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        answer = QuickAnswers.answer

        def counting(quick: QuickAnswers, request: bytes) -> tuple[bytes, bytes] | None:
            found = answer(quick, request)
            self.count += found is not None
            return found

        monkeypatch.setattr(QuickAnswers, "answer", counting)


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> Hits:
    return Hits(monkeypatch)
