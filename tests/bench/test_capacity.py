"""What things cost in the store: numbers of commands exactly, and how a plan is made of costs."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from nsredis.bench.capacity import footprint
from nsredis.bench.capacity.figures import BEATS, BROKERS, NAME, OPERATION, THROUGH_NODE, TOPICS, Costs, value
from nsredis.bench.capacity.footprint import STREAM, bytes_by_kind, fill, without_stream
from nsredis.bench.capacity.knee import BATCH, SENDERS, Step, batches, measure_rate, to_the_knee
from nsredis.bench.capacity.operations import Cost, count_operations
from nsredis.bench.capacity.page import page
from nsredis.bench.capacity.plan import plan
from nsredis.bench.capacity.promises import Reach, broken, up_to_broken
from nsredis.bench.capacity.registry import open_registry, topic_names
from nsredis.bench.documents import write_into
from nsredis.bench.goals import LONGEST_US, NODE_MIB, READY_S
from nsredis.bench.kernel.accounting import usage
from nsredis.bench.results import Measurement, Run
from tests.conftest import OwnStore

LEASE = {"hset": 1, "pexpire": 1, "zadd": 2}
"""What renews a lease."""

WANTED = {
    "heartbeat": {"evalsha": 1, "hmget": 1, "time": 1, **LEASE},
    "registration, unchanged": {"evalsha": 1, "exists": 1, "hgetall": 2, "hmget": 1, "time": 1, **LEASE},
    "registration, one topic changed": {
        "evalsha": 1,
        "exists": 1,
        "hgetall": 2,
        "hmget": 2,
        "hset": 6,
        "pexpire": 1,
        "sadd": 2,
        "time": 1,
        "xadd": 1,
        "xrevrange": 1,
        "zadd": 2,
    },
    "node: follows a change of one topic": {"evalsha": 1, "exists": 1, "hgetall": 1, "hmget": 1, "xrange": 2},
    "registration, new broker": {
        "del": 1,
        "evalsha": 2,
        "exists": 3,
        "hget": 2,
        "hgetall": 4,
        "hmget": 3,
        "hset": 7,
        "pexpire": 1,
        "sadd": 3,
        "srem": 1,
        "time": 2,
        "xadd": 1,
        "xrevrange": 1,
        "zadd": 2,
        "zrem": 2,
    },
    "unregistration": {
        "del": 3,
        "evalsha": 1,
        "hdel": 1,
        "hget": 1,
        "hgetall": 1,
        "hmget": 3,
        "hset": 8,
        "sadd": 1,
        "srem": 3,
        "time": 1,
        "xadd": 1,
        "xrevrange": 1,
        "zadd": 1,
        "zrem": 2,
    },
    "node: says that it lives": {
        "evalsha": 1,
        "hgetall": 1,
        "hmget": 1,
        "hset": 1,
        "pexpire": 1,
        "time": 1,
        "zadd": 1,
        "zrevrangebyscore": 1,
        "zremrangebyscore": 1,
    },
    "node: sweeps, nothing is due": {
        "evalsha": 1,
        "exists": 1,
        "hgetall": 1,
        "hset": 1,
        "srandmember": 1,
        "time": 1,
        "zrangebyscore": 1,
    },
}


async def _counted(url: str) -> dict[str, Cost]:
    async with open_registry(url, "capacity") as registry:
        return await count_operations(registry)


async def test_operations_take_so_many_commands_and_not_one_more(own_store: OwnStore) -> None:
    costs = await _counted(own_store().url)
    assert {name: cost.calls for name, cost in costs.items()} == WANTED
    assert (costs["heartbeat"].scripts, costs["heartbeat"].commands) == (1, 6)
    assert costs["heartbeat"].sent < 500, "a heartbeat's arguments have grown"
    assert costs["registration, unchanged"].sent < 1000, "an unchanged registration carries no table"


async def test_what_is_stored_grows_by_so_much_with_brokers_and_topics(own_store: OwnStore) -> None:
    async with open_registry(own_store().url, "few") as few, open_registry(own_store().url, "many") as many:
        assert len(await fill(few, 20, 0)) == 20
        await fill(many, 20, 50)
        small, large = await bytes_by_kind(few), await bytes_by_kind(many)
    assert set(large) - set(small) == {"table"}
    assert without_stream(small) == sum(small.values()) - small[STREAM]
    assert 500 < without_stream(small) / 20 < 2500
    assert 5 < large["table"] / (20 * 50) < 60
    assert len(set(topic_names(5000))) == 5000


async def test_heartbeats_go_straight_to_the_store_at_a_rate(own_store: OwnStore) -> None:
    store = own_store()
    async with open_registry(store.url, "beating") as registry:
        beats = await fill(registry, BATCH * SENDERS, 0)
        lanes = batches(registry.brokers.beat_commands(beats))
    assert [len(lane) for lane in lanes] == [1] * SENDERS
    step = await asyncio.to_thread(measure_rate, store.port, lanes, 2000.0, 0.5, lambda: usage([store.pid]))
    assert 0 < step.rate <= 2000 * 1.5
    assert 0 < step.p50_us <= step.p99_us
    assert step.cpu_us > 0


def test_rates_rise_until_the_store_keeps_up_no_longer() -> None:
    tried: list[float] = []

    def measure(rate: float) -> Step:
        tried.append(rate)
        return Step(rate, rate, 100.0, 1e6 if len(tried) == 2 else 100.0, rate / 40_000)

    steps = list(to_the_knee(measure))
    assert [step.kept_up for step in steps] == [True] * (len(steps) - 1) + [False]
    assert steps[-1].share >= 0.9
    assert tried[1] == tried[2], "what was disturbed is tried again"


def test_topics_are_spread_over_brokers_with_large_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "TABLE", 50)
    tables = footprint.shared_tables(100)
    assert [len(table) for table in tables] == [50] * 4
    assert Counter(topic for table in tables for topic in table) == dict.fromkeys(topic_names(100), 2)
    assert [len(table) for table in footprint.shared_tables(3)] == [3, 3], "each topic needs two"


def _one(case: str, **metrics: float) -> Measurement:
    return Measurement(NAME, case, "nsredis", {name: [value] for name, value in metrics.items()})


def _size(kind: str, **metrics: float) -> Measurement:
    return _one(f"{kind}some", **({"ready_s": 1, "peak_mib": 60, "longest_us": 9000, "list_ms": 10} | metrics))


def _run() -> Run:
    empty = _size(BROKERS, brokers=0, node_mib=50)
    many = _size(BROKERS, brokers=1000, used_bytes=1_100_000, bytes_changes=100_000, node_mib=52)
    wide = _size(TOPICS, brokers=10, topics=500, bytes_broker=10_000, bytes_table=20_000, node_mib=51)
    steps = {"rate": 1e4, "store_cpu_us": 20.0, "kept_up": 1.0}, {"rate": 1.5e4, "server_share": 0.95, "kept_up": 0.0}
    return Run(
        {"cores": "2"},
        measurements=[
            _one(f"{OPERATION}heartbeat", calls_evalsha=1, calls_zadd=2, sent_bytes=400, received_bytes=4),
            _one(f"{OPERATION}registration, unchanged", calls_evalsha=1, sent_bytes=800, received_bytes=70),
            empty,
            many,
            *(_one(f"{BEATS}1,000 brokers, step {number}", brokers=1000, **step) for number, step in enumerate(steps)),
            _size(BROKERS, brokers=2000, peak_mib=400),
            wide,
            _size(TOPICS, topics=1000, ready_s=7, longest_us=60_000),
            _one(THROUGH_NODE.heartbeat, cpu_us=30, store_cpu_us=20),
            _one(THROUGH_NODE.registration, cpu_us=90, store_cpu_us=50, topic_frame_bytes=100),
        ],
    )


def test_a_plan_is_the_costs_times_the_numbers() -> None:
    costs = Costs.of(_run())
    assert costs is not None
    assert costs.full
    assert (costs.knee, costs.broker_bytes, costs.topic_bytes) == (1e4, 1000, 20)
    assert (costs.beat_bytes, costs.stream_bytes) == (404, 1_000_000)
    assert costs.node_broker_bytes == pytest.approx(2 * 2**20 / 1000)
    assert costs.node_topic_bytes == pytest.approx((2**20 - 10 * costs.node_broker_bytes) / 1000)
    assert (costs.listed_broker_us, costs.listed_topic_us) == (5, 10)
    assert costs.swell == pytest.approx(60 / 51)
    planned = plan(costs, 1500, 600)
    assert planned.namespaces == 3, "half of the thousand brokers with which all was kept, each"
    assert plan(costs, 500, 750).namespaces == 3, "half of the 500 topics"
    assert (plan(costs, 500, 250).namespaces, plan(costs, 501, 250).namespaces) == (1, 2)
    assert planned.beats == 300
    assert planned.store_share == pytest.approx(300 * 20e-6)
    assert planned.store_mib == pytest.approx((1500 * 1000 + 1200 * 20 + 3e6) / 2**20)
    assert planned.mbit == pytest.approx(300 * 404 * 8 / 1e6)
    assert planned.registrations == 150
    assert planned.registering_mbit == pytest.approx(150 * 100 * 1200 / 1500 * 8 / 1e6)
    assert planned.registering_node == pytest.approx(150 * 90e-6 / 3 / 3)


def test_a_promise_is_broken_by_what_is_more() -> None:
    assert broken(_size(TOPICS, ready_s=READY_S, peak_mib=NODE_MIB, longest_us=LONGEST_US)) == []
    words = ["6.10 s until it is ready", "301 MiB", "a look-up of 51 ms"]
    assert broken(_size(TOPICS, ready_s=6.1, peak_mib=301, longest_us=51_000)) == words


def test_sizes_rise_until_a_promise_is_broken() -> None:
    def measure(size: int) -> Measurement:
        return _size(TOPICS, topics=size, peak_mib=size)

    found = list(up_to_broken(measure, (100, 200, 400, 800)))
    assert [value(one, "topics") for one in found] == [100, 200, 400]
    assert Reach.of(found, "topics") == Reach(200, (400, ["400 MiB"]))
    assert Reach.of(found[:2], "topics") == Reach(200)
    assert Reach.of(found[2:], "topics") is None
    found[1].problem = "it broke"
    assert Reach.of(found, "topics") == Reach(100), "nobody knows whether it would have been kept"
    assert len(list(up_to_broken(lambda _: found[1], (100, 200)))) == 1


def test_the_page_is_written_beside_the_other_and_says_what_is_missing(tmp_path: Path) -> None:
    write_into(tmp_path, _run())
    assert {path.name for path in tmp_path.iterdir()} == {"capacity.json", "capacity.md"}
    text = (tmp_path / "capacity.md").read_text()
    for words in (
        "| heartbeat | 1 | 2 | 2 ZADD |",
        "One Redis keeps up with 10,000 heartbeats a second. ",
        "All is kept with 1,000 brokers. With 2,000 it is not: 400 MiB.",
        "All is kept with 500 topics. With 1,000 it is not: 7.00 s until it is ready, a look-up of 60 ms.",
        "With more\nthan 10,000 brokers that is over 50 ms.",
        "| cores | 2 |",
    ):
        assert words in text
    run = _run()
    del run.measurements[-1]
    run.measurements[0].problem = "it broke"
    assert "## The plan" not in page(run)
    assert "it broke" in page(run)
