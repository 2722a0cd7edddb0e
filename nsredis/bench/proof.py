"""Whether what brokers registered has arrived: their registrations are answered without saying what was kept."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from nsredis.bench.brokers import LOOK_EVERY_S, VERSION, Broker, Caller, frame, route_query
from nsredis.bench.failures import LoadFailed
from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.topics import read_version, write_version

PATIENCE_S: Final = 5.0
"""How long after its answer a registration may take until it is seen."""


@dataclass(frozen=True, slots=True)
class Last:
    """What a broker may have registered last: the queues of a topic, by the counter of the data version."""

    broker: Broker
    topic: str
    queues: Mapping[int, int]

    @classmethod
    def same_queues(cls, broker: Broker, counters: Iterable[int]) -> Self:
        """One of these versions, which all have the queues that the broker's first topic has always."""
        topic, queues = next(iter(broker.topics.items()))
        return cls(broker, topic, dict.fromkeys(counters, queues.read_queue_nums))


def prove_kept(port: int, expected: Iterable[Last]) -> None:
    """The name server has what these brokers registered last, and routes show it. LoadFailed."""
    with closing(Caller(port)) as caller:
        for last in expected:
            _patiently(partial(_not_kept, caller, last))


def prove_gone(port: int, lanes: Iterable[Collection[str]]) -> None:
    """Of the brokers of each lane no more is there than the one that had no time left to leave. LoadFailed."""
    with closing(Caller(port)) as caller:
        for names in lanes:
            _patiently(partial(_not_gone, caller, names))


def _patiently(find_fault: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while fault := find_fault():
        if time.monotonic() > deadline:
            raise LoadFailed(fault)
        time.sleep(LOOK_EVERY_S)


def _not_kept(caller: Caller, last: Last) -> str:
    asked = frame(RequestCode.QUERY_DATA_VERSION, last.broker.ext, write_version(VERSION))
    raw = caller.call(asked).body or b""
    queues = last.queues.get(read_version(raw).counter) if raw else None
    if queues is None:
        return f"the last registration of {last.broker.name} has not arrived: its data version is {raw!r}"
    raw = caller.call(route_query(last.topic)).body or b""
    route = fastjson.loads(raw)
    addresses = {row["brokerName"]: row["brokerAddrs"].get("0") for row in route["brokerDatas"]}
    shown = {row["brokerName"]: row["readQueueNums"] for row in route["queueDatas"]}
    name = last.broker.name
    if (addresses.get(name), shown.get(name)) == (last.broker.ext["brokerAddr"], queues):
        return ""
    return f"the route of {last.topic} does not show {queues} queues of {name}: {raw[:300]!r}"


def _not_gone(caller: Caller, names: Collection[str]) -> str:
    known = caller.known_brokers()
    left = [name for name in names if name in known]
    return f"{len(left) - 1} brokers are still there that have left, such as {left[0]}" if len(left) > 1 else ""
