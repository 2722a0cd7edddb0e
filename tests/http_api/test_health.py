import asyncio

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nsredis.wire.codes import RequestCode, ResponseCode
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api, Reply
from tests.support.eventually import eventually
from tests.support.remoting import RemotingClient


async def test_a_node_is_ready_with_a_view_and_stays_so_without_the_store(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    store = own_store()
    store.kill9()
    node = await node_factory(store.url, wait=False)
    api = Api(http, node.http_address)
    assert (await api.get("/livez")).status == 200

    async def says_why() -> bool:
        reply = await api.get("/readyz")
        assert (reply.status, reply.json["code"]) == (503, "not-ready")
        return "does not answer" in str(reply.json["detail"])

    await eventually(says_why)
    assert (await api.route("TopicA")).status == 503
    assert (await api.register("a")).status == 503
    store.start()

    async def ready() -> bool:
        return (await api.get("/readyz")).status == 200

    await eventually(ready)
    assert (await api.register("a", leaseMs=60_000)).status == 201
    store.kill9()

    async def stale() -> bool:
        return int((await api.route("TopicA")).headers["Nsredis-Stale-Ms"]) > 0

    await eventually(stale, within_s=10)
    assert (await api.get("/readyz")).status == 200
    assert (await api.get("/livez")).status == 200
    assert await api.brokers_of("TopicA") == ["a"]
    refused = await api.beat("a")
    assert (refused.status, refused.json["code"]) == (503, "store-unavailable")
    assert refused.headers["Retry-After"] == "1"
    strong = await api.get("/v1/topics?consistency=strong")
    assert (strong.status, strong.json["code"]) == (503, "store-unavailable")
    live = (await api.get("/v1/brokers?live=1")).json["items"][0]
    assert (live["leaseLeftMs"], live["lastBeatMs"]) == (None, None)
    assert [item["ready"] for item in (await api.get("/v1/nodes")).json["items"]] == [True]


async def test_a_draining_node_is_told_apart_by_its_status_and_sends_clients_away_before_it_hangs_up(
    own_store: OwnStore, node_factory: NodeFactory, http: aiohttp.ClientSession
) -> None:
    node = await node_factory(own_store().url, drain_wait_ms=1500)
    api = Api(http, node.http_address)
    assert (await api.get("/readyz?draining=404")).status == 200
    assert (await api.get("/readyz?draining=200")).status == 422
    client = await RemotingClient.connect(node.remoting_address)
    stopping = asyncio.create_task(node.stop())

    async def draining() -> bool:
        return (await api.get("/readyz")).status == 503

    await eventually(draining)
    reply = await api.get("/readyz?draining=404")
    assert (reply.status, reply.body) == (404, b"this node is going away\n")
    assert (await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": "T"})).code == ResponseCode.TOPIC_NOT_EXIST

    async def sent_away() -> bool:
        answer = await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": "T"})
        return answer.code == ResponseCode.GO_AWAY

    await eventually(sent_away)
    assert (await api.get("/readyz?draining=404")).status == 404  # others are served on
    await eventually(lambda: client.closed)
    await client.close()
    await stopping


async def test_metrics_tell_what_happened(api: Api) -> None:
    await api.register("a")
    await api.register("a")
    await api.beat("a")
    await api.beat("nobody")
    await api.call("DELETE", "/v1/brokers/c/a/0")
    await api.route("TopicA")
    samples = _samples(await api.get("/metrics"))
    assert samples["nsredis_registrations_total", "outcome=created"] == 1
    assert samples["nsredis_registrations_total", "outcome=refreshed"] == 1
    assert samples["nsredis_heartbeats_total", "outcome=ok"] == 1
    assert samples["nsredis_heartbeats_total", "outcome=broker-not-found"] == 1
    assert samples["nsredis_removals_total", "reason=unregistered"] == 1
    assert samples["nsredis_brokers", "state=offline"] == 1
    assert samples["nsredis_revision", ""] >= 3
    assert samples["nsredis_staleness_seconds", ""] == 0
    assert samples["nsredis_reloads_total", "why=start"] == 1
    assert samples["nsredis_propagation_delay_seconds_count", ""] >= 2
    assert samples["nsredis_http_requests_total", "method=GET,route=/v1/routes/{topic},status=404"] == 1
    assert samples["nsredis_ready", ""] == 1


async def test_an_eviction_is_measured(api: Api) -> None:
    await api.register("a", leaseMs=1000)

    async def gone() -> bool:
        return (await api.states())["a/0"] == "offline"

    await eventually(gone)
    samples = _samples(await api.get("/metrics"))
    assert samples["nsredis_removals_total", "reason=expired"] == 1
    assert samples["nsredis_detection_delay_seconds_count", ""] == 1


def _samples(reply: Reply) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(reply.body.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("path", ["/livez?verbose", "/readyz?x", "/metrics?x=1", "/metrics?name[]=a&name[]=b"])
async def test_what_probes_add_means_nothing(api: Api, path: str) -> None:
    assert (await api.get(path)).status == 200
