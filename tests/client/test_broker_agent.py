"""The agent of one broker against real nodes and stores."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from nsredis.client.broker_agent import BrokerAgent
from nsredis.client.errors import ApiProblem, ServerUnreachable, Superseded
from nsredis.client.http_client import ApiClient
from nsredis.wire.api_types import BrokerInfo, QueueDataBody, RegisterBody
from tests.conftest import NodeFactory, OwnStore
from tests.support.eventually import eventually
from tests.support.ports import free_port
from tests.support.store_process import StoreProcess

if TYPE_CHECKING:
    from nsredis.node import Node

BODY = RegisterBody("10.0.0.1:10911", lease_ms=1000, topics={"TopicA": QueueDataBody()})


@pytest.fixture
async def node(node_factory: NodeFactory, store_server: StoreProcess) -> "Node":
    return await node_factory(store_server.url)


@pytest.fixture
async def client(node: "Node") -> AsyncIterator[ApiClient]:
    async with ApiClient(node.http_address) as client:
        yield client


async def _record(client: ApiClient) -> BrokerInfo:
    return (await client.broker("c", "a", 0, live=True)).value


async def test_it_registers_beats_and_leaves(client: ApiClient) -> None:
    async with BrokerAgent(client, "c", "a", 0, BODY) as agent:
        first = await _record(client)
        assert agent.registered is not None
        assert (first.state, first.epoch) == ("online", agent.registered.epoch)

        async def lived_longer_than_its_lease() -> bool:
            now = await _record(client)
            assert now.state == "online"
            return (now.last_beat_ms or 0) > (first.last_beat_ms or 0) + 1500

        await eventually(lived_longer_than_its_lease, 10)
        assert (await _record(client)).revision == first.revision  # a beat is no change
    assert (await _record(client)).reason == "unregistered"
    assert agent.registered is None


async def test_each_process_is_an_incarnation_of_its_own(client: ApiClient) -> None:
    async with BrokerAgent(client, "c", "a", 0, BODY), BrokerAgent(client, "c", "b", 0, BODY):
        one, two = (await client.brokers("c")).value
    assert one.instance
    assert one.instance != two.instance


async def test_it_registers_again_after_its_record_vanished(client: ApiClient) -> None:
    told: list[str] = []
    async with BrokerAgent(client, "c", "a", 0, BODY, tell=told.append):
        before = await _record(client)
        await client.unregister("c", "a", 0)

        async def there_again() -> bool:
            now = await _record(client)
            return now.state == "online" and now.epoch > before.epoch

        await eventually(there_again)
        assert (await client.route("TopicA")).value.broker_datas[0].broker_name == "a"
    assert any("does not know this broker" in words for words in told)


async def test_it_stops_when_another_process_took_its_id_and_takes_nothing_back(client: ApiClient) -> None:
    agent = BrokerAgent(client, "c", "a", 0, BODY)
    await agent.start()
    other = RegisterBody("10.0.0.2:10911", lease_ms=600_000, instance="another")
    taken = (await client.register("c", "a", 0, other)).value
    with pytest.raises(Superseded, match=r"10\.0\.0\.2:10911"):
        await asyncio.wait_for(agent.wait(), 10)
    await agent.leave()
    record = await _record(client)
    assert (record.state, record.epoch, record.address) == ("online", taken.epoch, "10.0.0.2:10911")


async def test_a_store_that_went_back_to_an_older_epoch_of_ours_is_no_other_process(
    client: ApiClient, redis_client: Redis, namespace: str
) -> None:
    told: list[str] = []
    async with BrokerAgent(client, "c", "a", 0, BODY, tell=told.append) as agent:
        assert agent.registered is not None
        older = agent.registered.epoch - 1000
        await redis_client.hset(f"nsr:{{{namespace}}}:broker:a/0", "epoch", str(older))
        await eventually(lambda: any(f"epoch {older}" in words for words in told))
        assert (await _record(client)).state == "online"


async def test_a_late_leave_takes_nothing_away(client: ApiClient) -> None:
    agent = BrokerAgent(client, "c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000))
    await agent.start()
    await client.register("c", "a", 0, RegisterBody("10.0.0.1:10911", lease_ms=600_000, instance="another"))
    await agent.leave()
    assert (await _record(client)).state == "online"


async def test_topics_change_now_and_in_later_registrations(client: ApiClient) -> None:
    async with BrokerAgent(client, "c", "a", 0, BODY) as agent:
        revision = await agent.update_topics({"TopicB": QueueDataBody(perm=4)}, ["TopicA"])
        assert (await client.topics()).value == ["TopicB"]
        assert (await _record(client)).revision <= revision
        await client.unregister("c", "a", 0)
        await eventually(lambda: _has_topics(client, ["TopicB"]))
        await client.unregister("c", "a", 0)
        await agent.update_topics({"TopicC": QueueDataBody()})  # registers again by itself
        assert (await client.topics()).value == ["TopicB", "TopicC"]


async def _has_topics(client: ApiClient, topics: list[str]) -> bool:
    return (await client.topics()).value == topics and (await _record(client)).state == "online"


async def test_a_refusal_of_the_first_registration_is_raised(client: ApiClient) -> None:
    with pytest.raises(ApiProblem, match="address"):
        await BrokerAgent(client, "c", "a", 0, RegisterBody("nonsense")).start()
    await client.register("other", "a", 0, RegisterBody("10.0.0.9:10911", lease_ms=600_000))
    with pytest.raises(ApiProblem) as problem:
        await BrokerAgent(client, "c", "a", 0, BODY).start()
    assert problem.value.code == "name-owned"


async def test_it_waits_for_a_server_unless_told_not_to(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    address = f"127.0.0.1:{free_port()}"
    told: list[str] = []
    async with ApiClient(address) as client:
        agent = BrokerAgent(client, "c", "a", 0, BODY, tell=told.append)
        with pytest.raises(ServerUnreachable):
            await agent.start(patient=False)
        starting = asyncio.create_task(agent.start())
        await eventually(lambda: any("Connection refused" in words for words in told))
        await node_factory(store_server.url, http=address)
        await asyncio.wait_for(starting, 10)
        assert (await _record(client)).state == "online"
        await agent.leave()


async def test_it_outlives_a_store_that_is_away_for_longer_than_its_lease(
    node_factory: NodeFactory, own_store: OwnStore
) -> None:
    store = own_store(durable=True)
    node = await node_factory(store.url)
    told: list[str] = []
    async with (
        ApiClient(node.http_address) as client,
        BrokerAgent(client, "c", "a", 0, BODY, tell=told.append) as agent,
    ):
        assert agent.registered is not None
        epoch = agent.registered.epoch
        store.pause()
        await eventually(lambda: any("trying again" in words for words in told), 10)
        loop = asyncio.get_running_loop()
        paused_until = loop.time() + 1.5
        await eventually(lambda: loop.time() > paused_until)
        assert (await client.broker("c", "a", 0)).value.state == "online"
        store.resume()
        await eventually(lambda: any("answers again" in words for words in told), 15)
        assert (await _record(client)).epoch == epoch


class _Way:
    """A way to a node, which may swallow everything from some moment on."""

    def __init__(self, address: str) -> None:
        self.blocked = False
        self._host, _, self._port = address.rpartition(":")
        self._writers: list[asyncio.StreamWriter] = []

    async def open(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._talk, "127.0.0.1", port)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_node = await asyncio.open_connection(self._host, int(self._port))
        self._writers += [writer, to_node]
        await asyncio.gather(self._carry(reader, to_node), self._carry(there, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if not self.blocked:
                    writer.write(data)
        writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


async def test_a_node_that_no_longer_answers_is_passed_over(node: "Node") -> None:
    way, port = _Way(node.http_address), free_port()
    async with (
        await way.open(port),
        ApiClient([f"127.0.0.1:{port}", node.http_address]) as client,
        ApiClient(node.http_address) as witness,
        BrokerAgent(client, "c", "a", 0, BODY),
    ):
        way.blocked = True
        before = await _record(witness)

        async def beats_on() -> bool:
            now = await _record(witness)
            assert now.epoch == before.epoch
            return (now.last_beat_ms or 0) > (before.last_beat_ms or 0) + 1500

        await eventually(beats_on, 10)
        assert client.server == f"http://{node.http_address}"
        way.close()


async def test_it_goes_on_with_another_node(node_factory: NodeFactory, store_server: StoreProcess) -> None:
    first, second = await node_factory(store_server.url), await node_factory(store_server.url)
    async with (
        ApiClient([first.http_address, second.http_address]) as client,
        ApiClient(second.http_address) as witness,
        BrokerAgent(client, "c", "a", 0, BODY),
    ):
        before = await _record(witness)
        await first.stop()

        async def beats_on() -> bool:
            now = await _record(witness)
            assert (now.state, now.epoch) == ("online", before.epoch)
            return (now.last_beat_ms or 0) > (before.last_beat_ms or 0) + 1500

        await eventually(beats_on, 10)
