from pathlib import Path

from nsredis.bench.load.latency import Latencies, bucket_of, middle_ns
from nsredis.bench.load.plan import Order, Plan, Protocol, Request


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    lanes = [[Request(b"a", b"x", 200), Request(b"b", None)], [Request(b"c" * 1000, b"x"), Request(b"d", b"")]]
    plan = Plan(Protocol.HTTP, lanes, Order.ONCE)
    plan.write(tmp_path / "plan")
    assert Plan.read(tmp_path / "plan") == plan


def test_equal_bodies_are_written_once(tmp_path: Path) -> None:
    Plan(Protocol.HTTP, [[Request(b"a", b"x" * 10_000)] * 50]).write(tmp_path / "plan")
    assert (tmp_path / "plan").stat().st_size < 15_000


def test_processes_share_the_lanes() -> None:
    lanes = [[Request(b"%d" % i)] for i in range(5)]
    parts = [Plan(Protocol.FIXED, lanes).part(number, 2).lanes for number in range(2)]
    assert [*parts[0], *parts[1]] == [lanes[0], lanes[2], lanes[4], lanes[1], lanes[3]]
    assert Plan(Protocol.FIXED, lanes[:1]).part(1, 2).lanes == lanes[:1]


def test_the_number_of_the_last_request_is_the_one_that_changes() -> None:
    content = b'{"opaque":1000000,"x":1}{"opaque":1000000}'
    assert content[Request(content).opaque_at :] == b"1000000}"
    assert Request(b"nothing").opaque_at == 0


def test_a_latency_is_known_to_a_thirty_second_part() -> None:
    for ns in (0, 1, 63, 64, 65, 1000, 123_456, 10**9, 10**11):
        assert abs(middle_ns(bucket_of(ns)) - ns) <= ns / 32
    buckets = [bucket_of(ns) for ns in range(5000)]
    assert buckets == sorted(buckets)


def test_quantiles() -> None:
    latencies = Latencies()
    assert latencies.quantile_us(0.5) == 0
    for us in range(1, 101):
        latencies.add(1000 * us)
    assert abs(latencies.quantile_us(0.5) - 50) <= 2
    assert abs(latencies.quantile_us(0.99) - 99) <= 4
