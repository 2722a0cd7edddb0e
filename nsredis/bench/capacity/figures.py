"""The figures of a run of `capacity`: how its cases are named, and what one broker, topic or heartbeat costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from nsredis.bench.capacity.footprint import COPIES, STREAM, STREAM_ENTRIES
from nsredis.bench.capacity.promises import Reach
from nsredis.bench.results import Measurement, Run

NAME: Final = "capacity"
OPERATION: Final = "operation: "
BROKERS: Final = "brokers: "
TOPICS: Final = "topics: "
BEATS: Final = "heartbeats of "
MIB: Final = 1 << 20
NEARLY_FULL: Final = 0.8


class ThroughNode(NamedTuple):
    """Cases that go by way of a node."""

    heartbeat: str = "by way of a node: heartbeats in batches of 100"
    registration: str = "by way of a node: registrations of 100 topics, unchanged"


THROUGH_NODE: Final = ThroughNode()


@dataclass(frozen=True, slots=True)
class Costs:
    """What each thing costs, as a run measured it. Times in microseconds of one core."""

    knee: float
    """Heartbeats a second up to which one store kept up, whatever the number of brokers."""
    full: bool
    """Whether the store's core was full beyond that; else something else was in the way, and it carries more."""
    brokers: Reach
    """How many one namespace had while all promises were kept."""
    topics: Reach
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
    swell: float
    """How many times as much a node takes that was asked for everything and reads everything again, at most."""
    listed_broker_us: float
    """Of a node, for each broker in the cluster's information when that is made."""
    listed_topic_us: float

    @classmethod
    def of(cls, run: Run) -> "Costs | None":
        """What a run tells; None when it is not whole, or not even its first sizes keep what is promised."""
        sizes, wider = cases(run, BROKERS), cases(run, TOPICS)
        brokers, topics = Reach.of(sizes, "brokers"), Reach.of(wider, "topics")
        beat, registration = (run.find(NAME, case, "nsredis") for case in THROUGH_NODE)
        sent = [run.find(NAME, OPERATION + name, "nsredis") for name in ("heartbeat", "registration, unchanged")]
        empty, many = _sized(sizes, "brokers", 0), _sized(sizes, "brokers", brokers.most if brokers else 0)
        wide = _sized(wider, "topics", topics.most if topics else 0)
        knees = [Knee.of(steps) for steps in steps_by_size(run).values()]
        if not (brokers and topics and knees and beat and registration and all(sent) and empty and many and wide):
            return None
        travels = [value(one, "sent_bytes") + value(one, "received_bytes") for one in sent if one]
        stored = value(many, "used_bytes") - value(many, f"bytes_{STREAM}")
        node_broker = MIB * (value(many, "node_mib") - value(empty, "node_mib")) / value(many, "brokers")
        offers = value(wide, "topics") * COPIES
        wide_node = MIB * (value(wide, "node_mib") - value(empty, "node_mib")) - node_broker * value(wide, "brokers")
        return cls(
            knee=min(one.rate for one in knees),
            full=all(one.full for one in knees),
            brokers=brokers,
            topics=topics,
            beat_store_us=max(one.cpu_us for one in knees),
            beat_node_us=value(beat, "cpu_us"),
            registration_store_us=value(registration, "store_cpu_us"),
            registration_node_us=value(registration, "cpu_us"),
            beat_bytes=travels[0],
            registration_bytes=travels[1],
            broker_bytes=stored / value(many, "brokers"),
            topic_bytes=value(wide, "bytes_table") / offers,
            stream_bytes=value(many, f"bytes_{STREAM}") / min(STREAM_ENTRIES, value(many, "brokers")) * STREAM_ENTRIES,
            topic_frame_bytes=value(registration, "topic_frame_bytes"),
            node_empty_mib=value(empty, "node_mib"),
            node_broker_bytes=node_broker,
            node_topic_bytes=max(0.0, wide_node) / offers,
            swell=max(value(one, "peak_mib") / value(one, "node_mib") for one in (many, wide)),
            listed_broker_us=1000 * value(sizes[-1], "list_ms") / value(sizes[-1], "brokers"),
            listed_topic_us=1000 * value(wider[-1], "list_ms") / value(wider[-1], "topics"),
        )


class Knee(NamedTuple):
    """Up to which rate one store kept up, what a heartbeat cost it until then at most, whether it was full beyond."""

    rate: float
    cpu_us: float
    full: bool

    @classmethod
    def of(cls, steps: Sequence[Measurement]) -> "Knee":
        """What rising rates tell, of which there is at least one."""
        kept = [one for one in steps if value(one, "kept_up")] or steps[:1]
        beyond = [one for one in steps if not value(one, "kept_up")]
        return cls(
            max(value(one, "rate") for one in kept),
            max(value(one, "store_cpu_us") for one in kept),
            any(value(one, "server_share") >= NEARLY_FULL for one in beyond),
        )


def cases(run: Run, kind: str) -> list[Measurement]:
    """The measurements whose cases begin so, as they were measured: the smallest first."""
    return [one for one in run.measurements if one.scenario == NAME and one.case.startswith(kind)]


def steps_by_size(run: Run) -> dict[int, list[Measurement]]:
    """The rates of heartbeats that were tried, by the number of brokers."""
    found: dict[int, list[Measurement]] = {}
    for one in cases(run, BEATS):
        found.setdefault(int(value(one, "brokers")), []).append(one)
    return found


def _sized(sizes: Sequence[Measurement], metric: str, count: int) -> Measurement | None:
    return next((one for one in sizes if value(one, metric) == count), None)


def value(one: Measurement, metric: str) -> float:
    """The middle of a metric; 0 where it was not measured."""
    return one.median(metric) or 0.0
