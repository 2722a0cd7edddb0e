"""Whatever happens through two nodes, in any order: both end equal to a model, and at one revision they are equal."""

import asyncio
import secrets
from functools import partial
from typing import Any

import aiohttp
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from redis.asyncio import Redis

from nsredis.node import Node
from nsredis.settings import Settings
from tests.support.api import Api, Reply
from tests.support.eventually import eventually
from tests.support.store_process import StoreProcess

LEASE_MS = 3_600_000
NAMES, IDS, TOPICS, KEYS = ["a", "b"], [0, 1], ["T0", "T1", "T2"], ["k0", "k1"]
PATHS = ["/v1/brokers", "/v1/clusters", "/v1/topics", "/v1/kv/ns", *(f"/v1/routes/{topic}" for topic in TOPICS)]

Broker = tuple[str, int]
perms = st.sampled_from([2, 4, 6])
tables = st.dictionaries(st.sampled_from(TOPICS), perms)
nodes = st.sampled_from([0, 1])
brokers = st.tuples(st.sampled_from(NAMES), st.sampled_from(IDS))


class Model:
    """What a registry is: nothing of how nsredis does it."""

    def __init__(self) -> None:
        self.online: dict[Broker, int] = {}
        self.offline: dict[Broker, str] = {}
        self.tables: dict[str, dict[str, int]] = {}
        self.overrides: dict[str, int] = {}
        self.kv: dict[str, str] = {}

    def members(self, name: str) -> list[int]:
        return sorted(broker_id for group, broker_id in self.online if group == name)

    def writes_table(self, broker: Broker) -> bool:
        return broker[1] == min([*self.members(broker[0]), broker[1]])

    def leaves(self, broker: Broker, why: str) -> None:
        if self.online.pop(broker, None) is not None:
            self.offline[broker] = why
            if not self.members(broker[0]):
                self.tables.pop(broker[0], None)

    def states(self) -> dict[str, str]:
        online = {f"{name}/{broker_id}": "online" for name, broker_id in self.online}
        return online | {f"{name}/{broker_id}": why for (name, broker_id), why in self.offline.items()}

    def route(self, topic: str) -> dict[str, tuple[dict[str, str], int]]:
        return {
            name: (
                {str(broker_id): _address((name, broker_id)) for broker_id in self.members(name)},
                table[topic] & self.overrides.get(name, 7),
            )
            for name, table in self.tables.items()
            if topic in table
        }


def _address(broker: Broker) -> str:
    return f"10.0.{NAMES.index(broker[0])}.{broker[1]}:10911"


def _bodies(table: dict[str, int]) -> dict[str, dict[str, int]]:
    return {topic: {"perm": perm} for topic, perm in table.items()}


class TwoNodes(RuleBasedStateMachine):
    """Every step goes through one of two nodes, at once and without waiting for the other."""

    store_url = ""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.seen: dict[tuple[int, str], bytes] = {}
        self.loop = asyncio.new_event_loop()
        self.namespace = f"test-{secrets.token_hex(6)}"
        self.run(self._start())

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _start(self) -> None:
        local = {"http": "127.0.0.1:0", "remoting": "127.0.0.1:0", "settle_ms": 0, "drain_ms": 1000}
        self.nodes = [
            Node(Settings(redis=self.store_url, namespace=self.namespace, **local))  # type: ignore[arg-type]
            for _ in range(2)
        ]
        self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        self.redis = Redis.from_url(self.store_url)
        for node in self.nodes:
            await node.start()
        self.apis = [Api(self.session, node.http_address) for node in self.nodes]
        for api in self.apis:
            await eventually(partial(self._ready, api))
        await eventually(self._swept)  # the first sweep of all finds a gap: nobody swept before

    async def _swept(self) -> bool:
        return bool(await self.redis.exists(f"nsr:{{{self.namespace}}}:sweep"))

    async def _ready(self, api: Api) -> bool:
        return (await api.get("/readyz")).status == 200

    @rule(node=nodes, broker=brokers, table=st.none() | tables, reborn=st.booleans())
    def register(self, node: int, broker: Broker, table: dict[str, int] | None, reborn: bool) -> None:
        body: dict[str, object] = {"address": _address(broker), "leaseMs": LEASE_MS}
        if table is not None:
            body["topics"] = _bodies(table)
        if reborn:
            body["instance"] = secrets.token_hex(4)
        reply: Reply = self.run(self.apis[node].call("PUT", f"/v1/brokers/c/{broker[0]}/{broker[1]}", body))
        known = self.model.online.get(broker)
        assert reply.status == (201 if known is None else 200)
        assert known is None or (reply.json["epoch"] > known if reborn else reply.json["epoch"] == known)
        if not self.model.members(broker[0]):
            self.model.overrides.pop(broker[0], None)  # it was for the group that left
        if table is not None and self.model.writes_table(broker):
            self.model.tables[broker[0]] = dict(table)
        self.model.offline.pop(broker, None)
        self.model.online[broker] = reply.json["epoch"]

    @rule(node=nodes, broker=brokers, put=tables, delete=st.sets(st.sampled_from(TOPICS)))
    def patch(self, node: int, broker: Broker, put: dict[str, int], delete: set[str]) -> None:
        body = {"put": _bodies(put), "delete": sorted(delete - set(put))}
        reply: Reply = self.run(self.apis[node].call("PATCH", f"/v1/brokers/c/{broker[0]}/{broker[1]}/topics", body))
        if broker not in self.model.online:
            assert reply.status == 404
        elif not self.model.writes_table(broker):
            assert reply.status in (200, 409)  # 200: there was nothing to write
        else:
            assert reply.status == 200
            table = self.model.tables.setdefault(broker[0], {})
            table.update(put)
            for topic in body["delete"]:
                table.pop(topic, None)

    @precondition(lambda self: self.model.online)
    @rule(perm=perms)
    def patch_through_both_at_once(self, perm: int) -> None:
        name = next(name for name in NAMES if self.model.members(name))
        writer = self.model.members(name)[0]
        path = f"/v1/brokers/c/{name}/{writer}/topics"

        async def both() -> list[Reply]:
            bodies = [{"put": _bodies({TOPICS[i]: perm})} for i in range(2)]
            return await asyncio.gather(
                *(api.call("PATCH", path, body) for api, body in zip(self.apis, bodies, strict=True))
            )

        assert [reply.status for reply in self.run(both())] == [200, 200]
        self.model.tables.setdefault(name, {}).update({TOPICS[0]: perm, TOPICS[1]: perm})

    @rule(node=nodes, broker=brokers, how=st.sampled_from(["no epoch", "epoch", "old epoch"]))
    def beat(self, node: int, broker: Broker, how: str) -> None:
        known = self.model.online.get(broker)
        epoch = None if how == "no epoch" else (known or 1) - (how == "old epoch")
        reply: Reply = self.run(self.apis[node].beat(*broker, epoch=epoch))
        assert reply.status == (404 if known is None else 409 if how == "old epoch" else 204)

    @rule(broker=brokers)
    def expire(self, broker: Broker) -> None:
        """Its deadline passes: moved to now, since nobody waits an hour; no gap is to protect it."""

        async def lapse() -> None:
            prefix = f"nsr:{{{self.namespace}}}:"
            async with self.redis.pipeline() as pipe:
                pipe.hdel(f"{prefix}sweep", "graceFrom", "pauseFrom")
                pipe.zadd(f"{prefix}leases", {f"broker:{broker[0]}/{broker[1]}": 1}, xx=True)
                await pipe.execute()
            for api in self.apis:
                await eventually(partial(self._not_online, api, broker))

        if broker in self.model.online:
            self.run(lapse())
            self.model.leaves(broker, "expired")

    async def _not_online(self, api: Api, broker: Broker) -> bool:
        return bool((await api.get(f"/v1/brokers/c/{broker[0]}/{broker[1]}")).json["state"] == "offline")

    @rule(node=nodes, broker=brokers, how=st.sampled_from(["no epoch", "epoch", "old epoch"]))
    def unregister(self, node: int, broker: Broker, how: str) -> None:
        known = self.model.online.get(broker)
        query = "" if how == "no epoch" else f"?epoch={(known or 1) - (how == 'old epoch')}"
        reply: Reply = self.run(self.apis[node].call("DELETE", f"/v1/brokers/c/{broker[0]}/{broker[1]}{query}"))
        if known is not None and how == "old epoch":
            assert reply.status == 409
        else:
            assert reply.status == 204
            self.model.leaves(broker, "unregistered")

    @rule(node=nodes, name=st.sampled_from(NAMES), perm=st.none() | st.sampled_from([0, 2, 4, 6]))
    def override(self, node: int, name: str, perm: int | None) -> None:
        if not self.model.members(name):
            return
        path = f"/v1/brokers/c/{name}/override"
        if perm is None:
            assert self.run(self.apis[node].call("DELETE", path)).status == 204
            self.model.overrides.pop(name, None)
        else:
            assert self.run(self.apis[node].call("PUT", path, {"perm": perm})).status == 200
            self.model.overrides[name] = perm

    @rule(node=nodes, key=st.sampled_from(KEYS), value=st.none() | st.sampled_from(["", "x", "y z"]))
    def kv(self, node: int, key: str, value: str | None) -> None:
        path = f"/v1/kv/ns/{key}"
        if value is None:
            reply = self.run(self.apis[node].call("DELETE", path))
            assert reply.status == 204
            self.model.kv.pop(key, None)
        else:
            reply = self.run(self.apis[node].call("PUT", path, {"value": value}))
            assert reply.status == (200 if key in self.model.kv else 201)
            self.model.kv[key] = value

    @invariant()
    def what_is_seen_at_one_revision_is_equal(self) -> None:
        async def look() -> None:
            for path in PATHS:
                for reply in await asyncio.gather(*(api.get(path) for api in self.apis)):
                    body = reply.body if reply.status == 200 else b"absent"
                    known = self.seen.setdefault((reply.revision, path), body)
                    assert body == known, (reply.revision, path)

        self.run(look())

    def teardown(self) -> None:
        try:
            self.run(self._equal_the_model())
        finally:
            self.run(self._stop())
            self.loop.close()

    async def _equal_the_model(self) -> None:
        for api in self.apis:
            items = (await api.get("/v1/brokers?consistency=strong")).json["items"]
            states = {f"{item['brokerName']}/{item['brokerId']}": item.get("reason", item["state"]) for item in items}
            assert states == self.model.states()
            assert (await api.get("/v1/topics")).json["items"] == sorted(
                {topic for table in self.model.tables.values() for topic in table}
            )
            for topic in TOPICS:
                assert _shown(await api.route(topic)) == self.model.route(topic)
            kv = await api.get("/v1/kv/ns")
            shown = {item["key"]: item["value"] for item in kv.json["items"]} if kv.status == 200 else {}
            assert shown == self.model.kv

    async def _stop(self) -> None:
        await self.session.close()
        for node in self.nodes:
            await node.stop()
        await self.redis.aclose()


def _shown(reply: Reply) -> dict[str, tuple[dict[str, str], int]]:
    if reply.status == 404:
        return {}
    queues = {data["brokerName"]: data["perm"] for data in reply.json["queueDatas"]}
    return {data["brokerName"]: (data["brokerAddrs"], queues[data["brokerName"]]) for data in reply.json["brokerDatas"]}


def test_two_nodes_are_equal_to_the_model(store_server: StoreProcess) -> None:
    machine = type("OnThisStore", (TwoNodes,), {"store_url": store_server.url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
