"""Routes: reference §2.5 and §3.5, C14, C38 to C57, C72, C73."""

from collections.abc import Iterator

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential import bodies
from tests.interop.differential.bodies import TWO, registration
from tests.interop.differential.brokers import A1, A2, A, B, C, Caller, Who
from tests.interop.differential.steps import Step

VERSIONS = (0, 1, 36, 317, 399, 400, 401, 407, 413, 479, 493, 612, 613, 9999)


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.route("TopicA")
    for who in (A, A1, B, C):
        yield call.topics(who)
    yield call.register(Who("filtering"), registration(TWO, filters=["10.0.0.9:1"]))
    for version in VERSIONS:
        yield call.route("TopicA", version=version)
        yield call.route("Nowhere", version=version)
    for flag in ("true", "TRUE", "false", "perhaps", "1"):
        yield call.route("TopicA", version=317, acceptStandardJsonOnly=flag)
        yield call.route("TopicA", version=493, acceptStandardJsonOnly=flag)
    code = RequestCode.GET_ROUTEINFO_BY_TOPIC
    yield call.ask(code, "without parameters")
    yield call.ask(code, "without a topic", ext={"other": "1"})
    yield call.ask(
        code, "with much else", ext={"topic": "TopicA", "ns": "n", "lo": "false", "AccessKey": "k", "Signature": "s"}
    )
    for topic in (
        "",
        " ",
        "TopicA ",
        "topica",
        "größe",
        "%RETRY%group",
        "a/b",
        "x" * 300,
        "rmq_sys_SYNC_BROKER_MEMBER_broker-a",
    ):
        yield call.route(topic)
    yield from _zones(call)


def _zones(call: Caller) -> Iterator[Step]:
    def zoned(name: str, zone: str, broker_id: int = 0) -> Step:
        topics = {"Zoned": (2, 2, 6), f"Only-{zone}": (1, 1, 6), "Zoned2": (1, 1, 6)}
        body = registration(topics, filters=["10.0.0.9:1"] if name == "east" else [])
        return call.register(Who(name, broker_id), body, f"in {zone}", __ZONE_NAME=zone)

    yield zoned("east", "zone-east")
    yield zoned("west", "zone-west")
    yield zoned("slaves-only", "zone-west", 1)
    yield call.topics(Who("nowhere"), {"Zoned": (1, 1, 6), "Zoned2": (1, 1, 6)})
    yield call.clusters()
    yield call.route("Zoned")
    for mode in ("true", "TRUE", "false", ""):
        for zone in ("zone-east", "ZONE-EAST", "zone-none", " ", ""):
            for version in (317, 493):
                yield call.route("Zoned", "zone", version=version, __ZONE_MODE=mode, __ZONE_NAME=zone)
    yield call.route("Only-zone-east", "zone", "empty-zone", __ZONE_MODE="true", __ZONE_NAME="zone-west")
    yield call.route("Zoned", "zone", __ZONE_MODE="true")
    yield call.route("Nowhere", "zone", __ZONE_MODE="true", __ZONE_NAME="zone-east")


def acting_steps(form: Serialization) -> Iterator[Step]:
    """Slaves that stand in for their master; the name server is set to support it."""
    call = Caller(form)

    def look() -> Iterator[Step]:
        yield call.route("TopicA")
        yield call.route("TopicA", version=317)
        yield call.route("rmq_sys_SYNC_BROKER_MEMBER_broker-a")
        yield call.clusters()
        yield call.ask(
            RequestCode.GET_BROKER_MEMBER_GROUP,
            "",
            "member-group-remark",
            ext={"clusterName": "ClusterOne", "brokerName": "broker-a"},
        )

    topics = TWO | {"rmq_sys_SYNC_BROKER_MEMBER_broker-a": (1, 1, 1)}
    body = registration(topics)
    for who in (A, A1, A2):
        yield call.register(who, body, acting="true", heartbeatTimeoutMillis="600000")
        yield from look()
    yield call.leave(A)
    yield from look()
    yield call.leave(A1)
    yield from look()
    yield call.register(A1, registration(topics, bodies.Version(2)), acting="true")
    yield from look()
    yield call.register(A, registration(topics, bodies.Version(2)), acting="true")
    yield from look()
    for who in (A, A1, A2):
        yield call.leave(who)
    yield from look()
    # A slave alone, with and without the right to stand in.
    yield call.register(A1, body, acting="true")
    yield from look()
    yield call.leave(A1)
    yield call.register(A1, body, acting="false")
    yield from look()
    yield call.register(B, body, acting="true")
    yield call.register(Who("broker-b", 1), body, acting="true")
    yield from look()
    yield call.leave(B)
    yield from look()
