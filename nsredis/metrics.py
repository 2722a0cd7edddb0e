"""What a node counts, for Prometheus. One object per node, so that several nodes in one process count apart."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from nsredis import __version__
from nsredis.core.changes import Removal
from nsredis.wire.codes import RequestCode

METHODS: Final = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"})

REQUEST_CODES: Final = frozenset(map(int, RequestCode))

REQUEST_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
DELAY_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
"""Around the promised bound: a lapsed broker is gone half a second after its lease."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is asked of the node whenever its metrics are read; each is quick and never raises."""

    brokers: Callable[[], Mapping[str, int]]
    """How many brokers there are, by state."""
    held: Callable[[], Mapping[str, int]]
    """How many brokers the expiry brake holds, by cluster."""
    revision: Callable[[], int]
    stale_ms: Callable[[], int]
    ready: Callable[[], bool]
    cut_off: Callable[[], bool]
    writable: Callable[[], bool]
    nodes: Callable[[], Mapping[str, int]]
    """How many nodes this one hears of, by state."""


class Metrics:
    """Counters of one node: an Observer for the layers below, and what both doors report to. For one event loop."""

    def __init__(self, node: str = "", starts: int = 0) -> None:
        """`node`: stands in every sample, where several nodes answer at one address. `starts`: how often a parent has
        started this one; 0 without a parent.
        """
        self.registry = CollectorRegistry()
        self._shown: Collector = _OfNode(self.registry, node) if node else self.registry
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._build_info()
        times = Gauge("nsredis_worker_starts", "Times that this worker was started", registry=self.registry)
        times.set(starts)
        self._requests = _Tally("http", "HTTP", ("route", "method"), "status")
        self.registry.register(self._requests)
        self._connections = Gauge(
            "nsredis_remoting_connections", "Remoting connections that are open", registry=self.registry
        )
        self._closed = self._counter("remoting_connections_closed", "Remoting connections that ended", "why")
        self._refused = self._counter("remoting_connections_refused", "Remoting connections turned away", "why")
        self._malformed = self._counter("remoting_malformed_frames", "Bytes that were no frame of the protocol")
        self._commands = _Tally("remoting", "Remoting", ("code",), "answer")
        self.registry.register(self._commands)
        self._codes: dict[int, Callable[[int, float, int], None]] = {}
        self._registrations = self._counter("registrations", "Registrations of brokers by outcome", "outcome")
        self._heartbeats = self._counter("heartbeats", "Heartbeats of brokers by outcome", "outcome")
        self._removals = self._counter("removals", "Brokers that left, as this node followed it", "reason")
        self._brakes = self._counter("brake_engagements", "Times that this node engaged the expiry brake in a cluster")
        self._probes = self._counter("probes", "Probes of brokers' ports by outcome", "outcome")
        self._reloads = self._counter("reloads", "Times that the view was read whole", "why")
        self._saves = self._counter("view_saves", "Times that the view was saved on disk, by outcome", "outcome")
        self._restored = self._counter("restored_rows", "Rows put back into a store that had lost them")
        self._deadlines_lost = self._counter(
            "deadlines_lost", "Brokers that had no deadline in the store until this node gave them one"
        )
        self._cut_offs = self._counter("cut_offs", "Times that this node alone was cut off from the store")
        self._store_failures = self._counter("store_failures", "Calls to Redis that failed", "what")
        self._store_moves = self._counter("store_moves", "Times that the primary of the store became another one")
        self._detection = self._delay("detection", "From a lapsed lease's deadline to the eviction by this node")
        self._propagation = self._delay("propagation", "From a change in Redis to its visibility on this node")
        for reason in Removal:
            self._removals.labels(reason.value)  # shown as 0 before the first one

    def _build_info(self) -> None:
        info = Gauge("nsredis_build_info", "The release that runs", ["version"], registry=self.registry)
        info.labels(__version__).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"nsredis_{name}", text, labels, registry=self.registry)

    def _delay(self, name: str, text: str) -> Histogram:
        return Histogram(f"nsredis_{name}_delay_seconds", text, buckets=DELAY_S, registry=self.registry)

    def watch(self, gauges: Gauges) -> None:
        """Show a node's state too; called once, when there is a node."""
        self.registry.register(_NodeState(gauges))

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._shown)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """An HTTP request was answered. `route` is the pattern, never the path, so that there are few."""
        self.counter(route, method)(status, seconds)

    def counter(self, route: str, method: str) -> Callable[[int, float], None]:
        """What counts answers to such requests: status, seconds."""
        return self._requests.kind(route, method if method in METHODS else "other").add

    def connection_opened(self) -> None:
        """A remoting connection was taken."""
        self._connections.inc()

    def connection_closed(self, why: str) -> None:
        """It is gone."""
        self._connections.dec()
        self._closed.labels(why).inc()

    def connection_refused(self, why: str) -> None:
        """A remoting connection was turned away."""
        self._refused.labels(why).inc()

    def frame_malformed(self) -> None:
        """Bytes came that are no frame."""
        self._malformed.inc()

    def request_answered(self, code: int, answer: int, seconds: float, count: int = 1) -> None:
        """Remoting requests of one code were answered alike."""
        self.command_counter(code)(answer, seconds, count)

    def command_counter(self, code: int) -> Callable[[int, float, int], None]:
        """What counts remoting requests of a code: answer, seconds, how many. Codes that nobody knows are one."""
        count = self._codes.get(code)
        if count is None:
            known = code in REQUEST_CODES
            count = self._commands.kind(str(code) if known else "other").add
            if known:
                self._codes[code] = count
        return count

    def registered(self, outcome: str) -> None:
        """A registration ended."""
        self._registrations.labels(outcome).inc()

    def beats(self, count: int, outcome: str) -> None:
        """Heartbeats were answered alike."""
        self._heartbeats.labels(outcome).inc(count)

    def removed(self, reason: str) -> None:
        """A broker left."""
        self._removals.labels(reason).inc()

    def detected(self, delay_ms: int) -> None:
        """A lapsed broker was evicted by this node's sweep."""
        self._detection.observe(max(0, delay_ms) / 1000)

    def brake_engaged(self) -> None:
        """This node's sweep engaged the brake."""
        self._brakes.inc()

    def probed(self, outcome: str) -> None:
        """A broker's port was probed."""
        self._probes.labels(outcome).inc()

    def propagated(self, delay_ms: int) -> None:
        """A change became visible here; clocks may differ, so a delay may come out below 0."""
        self._propagation.observe(max(0, delay_ms) / 1000)

    def reloaded(self, why: str) -> None:
        """The view was read whole."""
        self._reloads.labels(why).inc()

    def view_saved(self, *, ok: bool) -> None:
        """The view was written to disk, or could not be."""
        self._saves.labels("ok" if ok else "failed").inc()

    def restored(self, rows: int) -> None:
        """Rows were put back."""
        self._restored.inc(rows)

    def deadlines_lost(self, count: int) -> None:
        """Brokers had no deadline."""
        self._deadlines_lost.inc(count)

    def cut_off(self) -> None:
        """This node alone is cut off from the store."""
        self._cut_offs.inc()

    def store_failed(self, what: str) -> None:
        """A call to Redis failed."""
        self._store_failures.labels(what).inc()

    def store_moved(self) -> None:
        """The primary is another one."""
        self._store_moves.inc()


class _OfNode(Collector):
    """All metrics, with the node's id in each sample."""

    def __init__(self, registry: CollectorRegistry, node: str) -> None:
        self._registry = registry
        self._node = node

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(labels={**sample.labels, "node": self._node}) for sample in metric.samples
            ]
            yield metric


class _Answers:
    """How requests of one kind were answered, and how long that took."""

    __slots__ = ("buckets", "by_answer", "seconds")

    def __init__(self) -> None:
        self.by_answer: dict[int, int] = {}
        self.buckets = [0] * (len(REQUEST_S) + 1)
        self.seconds = 0.0

    def add(self, answer: int, seconds: float, count: int = 1) -> None:
        """Count requests that were answered alike."""
        try:
            self.by_answer[answer] += count
        except KeyError:
            self.by_answer[answer] = count
        self.buckets[bisect_left(REQUEST_S, seconds) if seconds > REQUEST_S[0] else 0] += count
        self.seconds += seconds * count


class _Tally(Collector):
    """Requests: counted on the hot path, so in plain numbers that become metrics when somebody reads them."""

    def __init__(self, name: str, words: str, labels: tuple[str, ...], answer: str) -> None:
        self._name = f"nsredis_{name}"
        self._words = words
        self._labels = labels
        self._answer = answer
        self._kinds: dict[tuple[str, ...], _Answers] = {}

    def kind(self, *labels: str) -> _Answers:
        """What is counted of the requests with these labels."""
        answers = self._kinds.get(labels)
        if answers is None:
            answers = self._kinds[labels] = _Answers()
        return answers

    def collect(self) -> Iterator[Metric]:
        numbers = CounterMetricFamily(
            f"{self._name}_requests", f"{self._words} requests answered", labels=[*self._labels, self._answer]
        )
        durations = HistogramMetricFamily(
            f"{self._name}_request_duration_seconds",
            f"Time to answer {self._words} requests, long polls included",
            labels=self._labels,
        )
        for labels, answers in self._kinds.items():
            for answer, count in answers.by_answer.items():
                numbers.add_metric([*labels, str(answer)], count)
            bounds = zip((*map(str, REQUEST_S), "+Inf"), accumulate(answers.buckets), strict=True)
            durations.add_metric(labels, list(bounds), answers.seconds)
        yield numbers
        yield durations


class _NodeState(Collector):
    """Gauges whose values are asked for when somebody reads them."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        brokers = GaugeMetricFamily("nsredis_brokers", "Brokers known to this node by state", labels=["state"])
        for state, count in sorted(self._gauges.brokers().items()):
            brokers.add_metric([state], count)
        yield brokers
        held = GaugeMetricFamily(
            "nsredis_brake_held_brokers", "Brokers that the expiry brake holds", labels=["cluster"]
        )
        for cluster, count in sorted(self._gauges.held().items()):
            held.add_metric([cluster], count)
        yield held
        yield GaugeMetricFamily("nsredis_revision", "The revision that this node has applied", self._gauges.revision())
        yield GaugeMetricFamily(
            "nsredis_staleness_seconds",
            "How long the view has not been known to match Redis; 0 while it follows",
            self._gauges.stale_ms() / 1000,
        )
        yield GaugeMetricFamily(
            "nsredis_cut_off", "1 while this node alone is cut off from the store", float(self._gauges.cut_off())
        )
        yield GaugeMetricFamily(
            "nsredis_store_writable", "1 while this node's writes to the store succeed", float(self._gauges.writable())
        )
        nodes = GaugeMetricFamily("nsredis_nodes", "Nodes that this one hears of, by state", labels=["state"])
        for state, count in sorted(self._gauges.nodes().items()):
            nodes.add_metric([state], count)
        yield nodes
        yield GaugeMetricFamily("nsredis_ready", "1 while /readyz says 200", float(self._gauges.ready()))

    def describe(self) -> list[Metric]:
        return []  # nothing is asked of the node before it is there
