"""A node that starts while the store is away serves what a node saved, marked stale, and puts none of it back."""

import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from nsredis.node import Node
from nsredis.settings import Settings
from nsredis.view import saved_view
from nsredis.view.saved_state import head_of
from tests.conftest import NodeFactory, OwnStore
from tests.support.api import Api, Reply
from tests.support.eventually import eventually

HOUR_MS = 3_600_000
PATHS = ("/v1/routes/TopicA", "/v1/topics", "/v1/clusters", "/v1/brokers", "/v1/kv/ns", "/v1/settings")

Start = Callable[..., Awaitable[tuple[Node, Api]]]


@pytest.fixture(autouse=True)
def _saved_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_view, "pause_s", lambda _: 0.05)


@pytest.fixture
def start(node_factory: NodeFactory, http: aiohttp.ClientSession, tmp_path: Path) -> Start:
    """Starts nodes that share a data directory."""

    async def run(store_url: str, *, wait: bool = True, **settings: object) -> tuple[Node, Api]:
        local = {"data_dir": tmp_path / "data", "snapshot_max_age_ms": HOUR_MS, **settings}
        node = await node_factory(store_url, wait=wait, **local)
        return node, Api(http, node.http_address)

    return run


async def _filled(node: Api) -> dict[str, Reply]:
    """What a node answers once it has brokers, a key and a setting."""
    for i in range(3):
        assert (await node.register(f"b{i}", leaseMs=60_000)).status == 201
    assert (await node.call("PUT", "/v1/kv/ns/key", {"value": "1"})).status == 201
    assert (await node.call("PATCH", "/v1/settings", {"enableTopicList": False})).status == 200
    return {path: await node.get(path) for path in PATHS}


async def _fresh(node: Api) -> bool:
    return (await node.get("/v1/topics")).headers["Nsredis-Stale-Ms"] == "0"


async def test_it_serves_the_same_bytes_marked_stale_and_follows_when_the_store_is_back(
    own_store: OwnStore, start: Start
) -> None:
    store = own_store(durable=True)
    node, api = await start(store.url)
    before = await _filled(api)
    await node.stop()  # which saves once more
    store.stop()

    _, again = await start(store.url)
    for path, reply in before.items():
        now = await again.get(path)
        assert (now.body, now.etag, now.revision) == (reply.body, reply.etag, before["/v1/topics"].revision)
        assert int(now.headers["Nsredis-Stale-Ms"]) > 0
    assert (await again.get("/v1/topics?consistency=strong")).status == 503
    assert (await again.get("/v1/topics?minRevision=1")).status == 503
    assert (await again.register("new")).status == 503
    assert b'nsredis_reloads_total{why="saved"} 1.0' in (await again.get("/metrics")).body

    store.start()
    await eventually(partial(_fresh, again), within_s=10)
    assert (await again.register("new", topics={"New": {}})).status == 201
    assert (await again.get("/v1/topics?consistency=strong")).json["items"] == ["New", "TopicA"]


async def test_a_node_that_is_killed_has_saved_by_itself_and_of_which_store(
    own_store: OwnStore, start: Start, tmp_path: Path
) -> None:
    store = own_store()
    _, api = await start(store.url)
    await _filled(api)
    views, killed = tmp_path / "data" / "views", tmp_path / "killed" / "views"

    async def whole() -> bool:
        files = list(views.glob("*.view"))
        assert len(files) == 1
        return head_of(files[0].read_bytes()).revision == (await api.get("/v1/topics")).revision

    await eventually(whole)
    shutil.copytree(views, killed)  # what is there when it dies in this moment
    store.stop()
    _, again = await start(store.url, data_dir=killed.parent)
    assert await again.brokers_of("TopicA") == ["b0", "b1", "b2"]
    _, elsewhere = await start("redis://127.0.0.1:1/0", wait=False, data_dir=killed.parent)
    assert (await elsewhere.get("/readyz")).status == 503


async def test_nothing_of_it_is_put_back_into_a_store_that_was_emptied(own_store: OwnStore, start: Start) -> None:
    store = own_store()  # which keeps nothing
    node, api = await start(store.url)
    await _filled(api)
    await node.stop()
    store.stop()
    _, again = await start(store.url)
    assert await again.brokers_of("TopicA") == ["b0", "b1", "b2"]
    store.start()
    await eventually(partial(_fresh, again), within_s=10)
    assert await again.states() == {}
    assert (await again.get("/v1/kv/ns")).status == 404
    assert (await again.get("/v1/settings")).json["enableTopicList"] is True
    async with Redis.from_url(store.url) as client:
        assert not [key async for key in client.scan_iter("nsr:*:broker:*")]
    kinds = {event["kind"] for event in (await again.get("/v1/events")).json["items"]}
    assert kinds == {"open"}


async def test_another_history_under_the_same_numbers_is_read_whole(own_store: OwnStore, start: Start) -> None:
    store = own_store()
    node, api = await start(store.url)
    await _filled(api)
    seen = (await api.get("/v1/topics")).revision
    await node.stop()
    store.stop()
    _, again = await start(store.url)
    store.start()
    stranger, other = await start(store.url, snapshot_max_age_ms=0)
    for i in range(seen):
        await other.register(f"s{i}", leaseMs=60_000, topics={"Strange": {}})
    await eventually(partial(_fresh, again), within_s=10)
    assert (await again.get("/v1/topics?consistency=strong")).json["items"] == ["Strange"]
    assert set(await again.states()) == {f"s{i}/0" for i in range(seen)}
    await stranger.stop()


@pytest.mark.parametrize("how", ["off", "too old", "damaged", "none"])
async def test_without_one_that_may_be_served_it_says_that_it_is_not_ready(
    own_store: OwnStore, start: Start, tmp_path: Path, how: str
) -> None:
    store = own_store()
    node, api = await start(store.url)
    await _filled(api)
    await node.stop()
    store.stop()
    (file,) = (tmp_path / "data" / "views").iterdir()
    if how == "damaged":
        file.write_bytes(file.read_bytes()[:-1])
    elif how == "none":
        file.unlink()
    age = {"off": 0, "too old": 1}.get(how, HOUR_MS)
    _, again = await start(store.url, wait=False, snapshot_max_age_ms=age)

    async def tried() -> bool:
        reply = await again.get("/readyz")
        assert reply.status == 503
        return "does not answer" in reply.json["detail"]

    await eventually(tried)
    for _ in range(20):
        assert (await again.get("/readyz")).status == 503
        reply = await again.route("TopicA")
        assert (reply.status, reply.json["code"]) == (503, "not-ready")


async def test_a_node_with_a_store_does_not_look_at_it(own_store: OwnStore, start: Start, tmp_path: Path) -> None:
    store = own_store(durable=True)
    node, api = await start(store.url)
    await _filled(api)
    await node.stop()
    for file in (tmp_path / "data" / "views").iterdir():
        file.write_bytes(b"would be told of")
    _, again = await start(store.url)
    assert b'why="saved"' not in (await again.get("/metrics")).body


async def test_of_workers_with_one_folder_only_one_saves_and_all_read(own_store: OwnStore, tmp_path: Path) -> None:
    store = own_store()
    local = {"http": "127.0.0.1:0", "remoting": "127.0.0.1:0", "settle_ms": 0, "data_dir": tmp_path / "data"}
    settings = Settings(redis=store.url, workers=2, **local)  # type: ignore[arg-type]  # Settings checks them
    view = tmp_path / "data" / "views" / "default.view"
    for saves in (False, True):
        node = Node(settings, first=saves, ready_first_s=10.0)
        await node.start()
        assert node._view.state is not None
        await node.stop()
        assert view.exists() == saves
    store.kill9()
    other = Node(settings, first=False)
    await other.start()
    await eventually(lambda: other._view.saved, what="it serves what the first one saved")
    await other.stop()
