"""The client against a real node, and against servers that are none of ours."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from nsredis.client.errors import ApiProblem, ServerUnreachable
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import HeartbeatItem, OverrideBody, PatchTopicsBody, QueueDataBody, RegisterBody
from tests.conftest import NodeFactory
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess

if TYPE_CHECKING:
    from nsredis.node import Node

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def node(node_factory: NodeFactory, store_server: StoreProcess) -> "Node":
    return await node_factory(store_server.url)


@pytest.fixture
async def client(node: "Node") -> AsyncIterator[ApiClient]:
    async with ApiClient(node.http_address) as client:
        yield client


@pytest.fixture
async def stranger() -> AsyncIterator[Serve]:
    """Serves whatever a handler answers to any request; gives its URL."""
    runners = []

    async def serve(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", handler)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port := free_port())
        await site.start()
        return f"http://127.0.0.1:{port}"

    yield serve
    for runner in runners:
        await runner.cleanup()


async def test_a_broker_from_its_registration_to_its_end(client: ApiClient) -> None:
    body = RegisterBody("10.0.0.1:10911", lease_ms=600_000, zone="az1", topics={"%RETRY%g": QueueDataBody(1, 2, 4)})
    registered = (await client.register("c", "a", 0, body)).value
    assert registered.heartbeat_ms == 200_000
    await client.heartbeat("c", "a", 0, registered.epoch)
    patched = await client.patch_topics("c", "a", 0, PatchTopicsBody(put={"More": QueueDataBody()}))
    assert patched.value.revision > registered.revision

    route = await client.route("%RETRY%g")
    (queues,) = route.value.queue_datas
    assert (queues.read_queue_nums, queues.write_queue_nums, queues.perm) == (1, 2, 4)
    assert json.loads(route.body)["brokerDatas"][0]["brokerAddrs"] == {"0": "10.0.0.1:10911"}
    assert (await client.topics()).value == ["%RETRY%g", "More"]
    assert (await client.topics(prefix="M", cluster="c")).value == ["More"]
    assert (await client.clusters()).value[0].cluster == "c"
    assert [(broker.address, broker.lease_left_ms) for broker in (await client.brokers("c", "a")).value] == [
        ("10.0.0.1:10911", None)
    ]
    assert (await client.broker("c", "a", 0, live=True)).value.lease_left_ms is not None
    assert (await client.nodes()).value[0].ready

    await client.put_override("c", "a", OverrideBody(4))
    assert (await client.route("More")).value.queue_datas[0].perm == 4
    await client.lift_override("c", "a")
    assert (await client.route("More")).value.queue_datas[0].perm == 6

    await client.unregister("c", "a", 0, registered.epoch)
    assert (await client.broker("c", "a", 0)).value.state == "offline"


async def test_many_heartbeats_have_their_outcomes_in_order(client: ApiClient) -> None:
    epoch = (await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911"))).value.epoch
    items = [HeartbeatItem("c", "b", 0), HeartbeatItem("c", "a", 0, epoch), HeartbeatItem("c", "a", 0, epoch - 1)]
    outcomes = await client.heartbeats(items)
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [
        (404, "broker-not-found"),
        (204, ""),
        (409, "stale-epoch"),
    ]


async def test_names_with_characters_of_urls_arrive_as_they_are(client: ApiClient) -> None:
    name = "a/b?c=d&e%2F ü#"
    await client.put_kv("n/s", name, "value")
    assert (await client.kv("n/s", name)).value.key == name
    assert [entry.key for entry in (await client.kv_list("n/s")).value] == [name]
    await client.delete_kv("n/s", name)
    with pytest.raises(ApiProblem) as problem:
        await client.kv("n/s", name)
    assert problem.value.status == 404


async def test_all_pages_of_a_list_come_as_one(client: ApiClient) -> None:
    topics = {f"topic-{number:05}": QueueDataBody() for number in range(2500)}
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", topics=topics))
    reply = await client.topics()
    assert reply.value == list(topics)
    assert json.loads(reply.body) == {"items": list(topics), "next": None}


async def test_a_refusal_has_the_servers_words(client: ApiClient) -> None:
    with pytest.raises(ApiProblem) as problem:
        await client.route("nowhere")
    assert (problem.value.status, problem.value.code, problem.value.reason) == (404, "topic-not-found", "unknown-topic")
    assert str(problem.value) == "no route for topic nowhere: unknown-topic"
    with pytest.raises(ApiProblem) as problem:
        await client.register("c", "a", 0, RegisterBody("nonsense"))
    assert (problem.value.status, problem.value.field) == (422, "address")
    assert not problem.value.passing


async def test_a_server_that_is_not_there_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with ApiClient(url) as client:
        with pytest.raises(ServerUnreachable, match=f"no answer from {url}: Connection refused"):
            await client.nodes()


async def test_a_server_that_never_answers_is_given_up(stranger: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await request.content.read()
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b" ")
        return response

    async with ApiClient(await stranger(answer), timeout_s=0.3) as client:
        with pytest.raises(ServerUnreachable, match="takes too long"):
            await client.nodes()


async def test_another_server_is_asked_and_stayed_with(node: "Node") -> None:
    gone = f"127.0.0.1:{free_port()}"
    async with ApiClient([gone, node.http_address]) as client:
        assert client.server == f"http://{gone}"
        await client.nodes()
        assert client.server == f"http://{node.http_address}"


async def test_a_node_that_is_going_away_is_passed_over(node: "Node", stranger: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"code": "draining", "detail": "going away"}, status=503, headers={"Retry-After": "7"})

    url = await stranger(answer)
    async with ApiClient([url, node.http_address]) as client:
        assert (await client.nodes()).value[0].ready
    async with ApiClient(url) as client:
        with pytest.raises(ApiProblem) as problem:
            await client.nodes()
    assert problem.value.passing
    assert problem.value.retry_after_s == 7


async def test_answers_of_other_programs_are_told_from_ours(stranger: Serve) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "DELETE":
            raise web.HTTPFound("/elsewhere")
        status = 502 if request.path.endswith("topics") else 200
        return web.Response(status=status, text="<html>hello</html>", content_type="text/html")

    async with ApiClient(await stranger(answer)) as client:
        with pytest.raises(ServerUnreachable, match="no name server"):
            await client.nodes()
        with pytest.raises(ApiProblem, match="answers 502 Bad Gateway"):
            await client.topics()
        with pytest.raises(ApiProblem, match="answers 302 Found"):
            await client.delete_kv("ns", "key")
