"""The figures of a run of `capacity`: how its cases are named, and what one broker, topic or heartbeat costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from nsredis.bench.capacity.footprint import STREAM, STREAM_ENTRIES
from nsredis.bench.results import Measurement, Run

NAME: Final = "capacity"
OPERATION: Final = "operation: "
SIZE: Final = "size: "
MIB: Final = 1 << 20
NEARLY_FULL: Final = 0.8


class ThroughNode(NamedTuple):
    """Cases that go by way of a node."""

    heartbeat: str = "by way of a node: heartbeats in batches of 100"
    registration: str = "by way of a node: registrations of 100 topics, unchanged"


THROUGH_NODE: Final = ThroughNode()


def size_case(brokers: int, topics: int) -> str:
    """How a size is named."""
    return f"{brokers:,} brokers of {topics:,} topics each" if topics else f"{brokers:,} brokers without topics"


@dataclass(frozen=True, slots=True)
class Costs:
    """What each thing costs, as a run measured it. Times in microseconds of one core."""

    knee: float
    """Heartbeats a second up to which one store kept up."""
    full: bool
    """Whether the store's core was full beyond that; else something else was in the way, and it carries more."""
    most_brokers: int
    """With so many brokers it was measured."""
    beat_store_us: float
    beat_node_us: float
    registration_store_us: float
    registration_node_us: float
    beat_bytes: float
    registration_bytes: float
    broker_bytes: float
    topic_bytes: float
    stream_bytes: float
    """Of all changes that are kept, when each is a registration without topics."""
    topic_frame_bytes: float
    """What a topic takes in a registration over RocketMQ's protocol."""
    node_empty_mib: float
    node_broker_bytes: float
    node_topic_bytes: float

    @classmethod
    def of(cls, run: Run) -> "Costs | None":
        """What a run tells; None when it is not whole."""
        sizes = [one for one in _cases(run) if one.case.startswith(SIZE)]
        beat, registration = (run.find(NAME, case, "nsredis") for case in THROUGH_NODE)
        sent = {name: run.find(NAME, OPERATION + name, "nsredis") for name in ("heartbeat", "registration, unchanged")}
        if len(sizes) < 3 or beat is None or registration is None or None in sent.values():
            return None
        empty = next(one for one in sizes if not value(one, "brokers"))
        many = max(sizes, key=lambda one: value(one, "brokers"))
        steps = [one for one in _cases(run) if one.case.startswith(many.case.removeprefix(SIZE)) and one is not many]
        knee = [one for one in steps if value(one, "kept_up")] or steps[:1]
        wide = max(sizes, key=lambda one: value(one, "topics"))
        travels = [value(one, "sent_bytes") + value(one, "received_bytes") for one in sent.values() if one]
        stored = value(many, "used_bytes") - value(many, f"bytes_{STREAM}")
        broker_bytes = stored / value(many, "brokers")
        node_broker = MIB * (value(many, "node_mib") - value(empty, "node_mib")) / value(many, "brokers")
        offers = value(wide, "brokers") * value(wide, "topics")
        wide_node = MIB * (value(wide, "node_mib") - value(empty, "node_mib")) - node_broker * value(wide, "brokers")
        return cls(
            knee=max(value(one, "rate") for one in knee),
            full=any(value(one, "server_share") >= NEARLY_FULL for one in steps if not value(one, "kept_up")),
            most_brokers=int(value(many, "brokers")),
            beat_store_us=max(value(one, "store_cpu_us") for one in knee),
            beat_node_us=value(beat, "cpu_us"),
            registration_store_us=value(registration, "store_cpu_us"),
            registration_node_us=value(registration, "cpu_us"),
            beat_bytes=travels[0],
            registration_bytes=travels[1],
            broker_bytes=broker_bytes,
            topic_bytes=value(wide, "bytes_table") / offers,
            stream_bytes=value(many, f"bytes_{STREAM}") / min(STREAM_ENTRIES, value(many, "brokers")) * STREAM_ENTRIES,
            topic_frame_bytes=value(registration, "topic_frame_bytes"),
            node_empty_mib=value(empty, "node_mib"),
            node_broker_bytes=node_broker,
            node_topic_bytes=max(0.0, wide_node) / offers,
        )


def _cases(run: Run) -> Iterator[Measurement]:
    return (one for one in run.measurements if one.scenario == NAME)


def value(one: Measurement, metric: str) -> float:
    """The middle of a metric; 0 where it was not measured."""
    return one.median(metric) or 0.0
