from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nsredis.core.observer import Observer
from nsredis.metrics import Gauges, Metrics
from nsredis.remoting.observer import RemotingObserver


def _samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def _as_observer(metrics: Metrics) -> Observer:
    return metrics


def _gauges(brokers: Mapping[str, int], *, ready: bool = True) -> Gauges:
    return Gauges(
        brokers=lambda: brokers,
        held=lambda: {"c1": 3},
        revision=lambda: 12,
        stale_ms=lambda: 1500,
        ready=lambda: ready,
        cut_off=lambda: False,
        writable=lambda: False,
        nodes=lambda: {"live": 2, "lost": 1},
    )


def test_it_is_an_observer_whose_counts_are_shown() -> None:
    metrics = Metrics()
    observer = _as_observer(metrics)
    observer.registered("created")
    observer.beats(3, "ok")
    observer.removed("expired")
    observer.detected(120)
    observer.propagated(7)
    observer.probed("refused")
    observer.reloaded("start")
    observer.restored(5)
    observer.deadlines_lost(3)
    observer.store_failed("sweep")
    shown = _samples(metrics)
    assert shown["nsredis_registrations_total", (("outcome", "created"),)] == 1
    assert shown["nsredis_heartbeats_total", (("outcome", "ok"),)] == 3
    assert shown["nsredis_removals_total", (("reason", "expired"),)] == 1
    assert shown["nsredis_probes_total", (("outcome", "refused"),)] == 1
    assert shown["nsredis_reloads_total", (("why", "start"),)] == 1
    assert shown["nsredis_restored_rows_total", ()] == 5
    assert shown["nsredis_deadlines_lost_total", ()] == 3
    assert shown["nsredis_store_failures_total", (("what", "sweep"),)] == 1
    assert shown["nsredis_detection_delay_seconds_sum", ()] == pytest.approx(0.12)
    assert shown["nsredis_detection_delay_seconds_bucket", (("le", "0.2"),)] == 1
    assert shown["nsredis_detection_delay_seconds_bucket", (("le", "0.1"),)] == 0
    assert shown["nsredis_propagation_delay_seconds_count", ()] == 1


def test_remoting_connections_and_requests_are_counted() -> None:
    metrics = Metrics()
    observer: RemotingObserver = metrics
    observer.connection_opened()
    observer.connection_opened()
    observer.connection_closed("idle")
    observer.connection_refused("full")
    observer.frame_malformed()
    observer.request_answered(105, 0, 0.002, 3)
    observer.request_answered(105, 17, 0.2)
    observer.request_answered(4711, 3, 99.0)
    observer.request_answered(4712, 3, 1.0)
    shown = _samples(metrics)
    assert shown["nsredis_remoting_connections", ()] == 1
    assert shown["nsredis_remoting_connections_closed_total", (("why", "idle"),)] == 1
    assert shown["nsredis_remoting_connections_refused_total", (("why", "full"),)] == 1
    assert shown["nsredis_remoting_malformed_frames_total", ()] == 1
    assert shown["nsredis_remoting_requests_total", (("answer", "0"), ("code", "105"))] == 3
    assert shown["nsredis_remoting_requests_total", (("answer", "17"), ("code", "105"))] == 1
    assert shown["nsredis_remoting_requests_total", (("answer", "3"), ("code", "other"))] == 2
    seconds = "nsredis_remoting_request_duration_seconds"
    assert shown[f"{seconds}_sum", (("code", "105"),)] == pytest.approx(0.206)
    assert shown[f"{seconds}_count", (("code", "105"),)] == 4
    assert shown[f"{seconds}_bucket", (("code", "105"), ("le", "0.0025"))] == 3
    assert shown[f"{seconds}_bucket", (("code", "105"), ("le", "0.001"))] == 0
    assert shown[f"{seconds}_bucket", (("code", "other"), ("le", "60.0"))] == 1
    assert shown[f"{seconds}_count", (("code", "other"),)] == 2


def test_removals_are_shown_before_the_first_one() -> None:
    assert _samples(Metrics())["nsredis_removals_total", (("reason", "expired"),)] == 0


def test_a_delay_below_zero_counts_as_none() -> None:
    metrics = Metrics()
    metrics.propagated(-40)
    metrics.detected(-1)
    shown = _samples(metrics)
    assert shown["nsredis_propagation_delay_seconds_sum", ()] == 0
    assert shown["nsredis_detection_delay_seconds_sum", ()] == 0


def test_requests_by_route_method_and_status() -> None:
    metrics = Metrics()
    metrics.answered("/v1/routes/{topic}", "GET", 200, 0.002)
    metrics.answered("/v1/routes/{topic}", "GET", 404, 0.001)
    metrics.answered("/v1/routes/{topic}", "BREW", 405, 0.001)
    shown = _samples(metrics)
    route = ("route", "/v1/routes/{topic}")
    assert shown["nsredis_http_requests_total", (("method", "GET"), route, ("status", "200"))] == 1
    assert shown["nsredis_http_requests_total", (("method", "other"), route, ("status", "405"))] == 1
    assert shown["nsredis_http_request_duration_seconds_count", (("method", "GET"), route)] == 2


def test_the_node_is_asked_when_the_metrics_are_read() -> None:
    metrics = Metrics()
    brokers = {"online": 3, "offline": 1}
    metrics.watch(_gauges(brokers))
    assert _samples(metrics)["nsredis_brokers", (("state", "online"),)] == 3
    brokers["online"] = 2
    shown = _samples(metrics)
    assert shown["nsredis_brokers", (("state", "online"),)] == 2
    assert shown["nsredis_revision", ()] == 12
    assert shown["nsredis_staleness_seconds", ()] == 1.5
    assert shown["nsredis_ready", ()] == 1
    assert shown["nsredis_store_writable", ()] == 0


def test_two_nodes_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.registered("created")
    assert ("nsredis_registrations_total", (("outcome", "created"),)) not in _samples(second)
