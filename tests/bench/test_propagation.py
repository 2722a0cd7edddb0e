from collections.abc import AsyncIterator

from nsredis.bench.fleet import Fleet, simulated_brokers
from nsredis.bench.propagation import _seen, percentile, propagation
from nsredis.client.http_client import ApiClient
from nsredis.client.watcher import WatchEvent
from tests.conftest import NodeFactory
from tests.support.store_process import StoreProcess


def test_percentiles() -> None:
    values = [float(value) for value in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.99) == 7


async def test_an_older_state_of_the_topic_is_not_taken_for_the_change() -> None:
    told: list[int] = []

    async def events() -> AsyncIterator[WatchEvent]:
        for number in (8, 101, 102, 103):
            told.append(number)
            row = {"brokerName": "b", "readQueueNums": number}
            yield WatchEvent("route", {"topic": "T", "route": {"queueDatas": [row]}}, "", 0)

    await _seen(events(), "b", 102)
    assert told == [8, 101, 102]


async def test_the_delay_from_node_to_node(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    one, two = await node_factory(store_server.url), await node_factory(store_server.url)
    async with ApiClient(one.http_address) as first, ApiClient(two.http_address) as second:
        fleet = Fleet(first, simulated_brokers(2, 2, "c"), 600_000)
        await fleet.register_all()
        figure = await propagation(first, second, fleet, 0.3)
        seen = (await second.route(fleet.brokers[0].topics[0])).value.queue_datas[0].read_queue_nums
    assert seen > 100  # it changes the topic for true, again and again
    assert len(figure.rounds) == 3
    assert 0 < figure.details["p50"] <= figure.details["p99"] <= figure.details["max"] < 10_000
