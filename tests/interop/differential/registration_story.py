"""Registrations in all forms: reference §2.4 and §3.3, C10, C36 to C47, C49, C66."""

from collections.abc import Iterator
from dataclasses import replace

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential.bodies import TWO, Version, compressed, crc, mapping, old_registration, registration
from tests.interop.differential.brokers import A1, A2, A, B, C, Caller, Who
from tests.interop.differential.steps import VERSION_4, Step


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.clusters()
    yield call.all_topics()
    yield from _bodies(call)
    yield from _versions(call)
    yield from _replicas(call)


def _look(call: Caller, *topics: str) -> Iterator[Step]:
    yield call.clusters()
    for topic in topics or ("TopicA", "TopicB"):
        yield call.route(topic)


def _bodies(call: Caller) -> Iterator[Step]:
    """The forms of a body, each from a broker of its own."""
    plain, packed = registration(TWO), compressed(TWO)
    old_packed = compressed(TWO, mappings=None, attributes=False)
    static = compressed(TWO, mappings=[mapping("StaticT", "packed-static", legacy=True)])
    yield call.register(Who("plain"), plain, bodyCrc32=crc(plain))
    yield call.register(Who("plain-4"), plain, version=VERSION_4, acting=None, bodyCrc32=crc(plain))
    yield call.register(Who("no-crc"), plain, bodyCrc32="0")
    yield call.register(Who("packed"), packed, compressed="true", bodyCrc32=crc(packed))
    yield call.register(Who("packed-4"), old_packed, version=VERSION_4, acting=None, compressed="true")
    yield call.register(Who("packed-static"), static, compressed="true")
    yield call.register(Who("packed-filters"), compressed(TWO, filters=b'["10.0.0.9:1"]'), compressed="true")
    yield call.register(Who("packed-nothing"), compressed({}), compressed="TRUE")
    yield call.register(Who("older"), old_registration(TWO), version=36)
    yield call.register(Who("oldest"), old_registration(TWO), version=0, acting=None)
    yield call.register(Who("first-new"), plain, version=37)
    yield call.register(Who("no-body"), None)
    yield call.register(Who("no-body-old"), None, version=36)
    yield call.register(Who("far-future"), plain, version=700)
    yield call.register(Who("bad-crc"), plain, "wrong sum", bodyCrc32="1")
    yield call.register(Who("bad-crc-none"), None, "sum of nothing", bodyCrc32="5")
    yield call.register(Who("garbage"), b"no JSON at all", "garbage", "exception")
    yield call.register(Who("garbage-packed"), b"\x78\xda garbage", "garbage", "exception", compressed="true")
    yield call.register(Who("garbage-old"), b"no JSON at all", "garbage", "exception", version=0)
    yield call.register(Who("not-packed"), plain, "not compressed", "exception", compressed="true")
    yield call.register(Who("cut-packed"), packed[: len(packed) // 2], "cut off", "exception", compressed="true")
    odd = compressed({"T 1": (1, 1, 6)}, attributes=False)
    yield call.register(Who("odd-line"), odd, "too many words", "exception", compressed="true")
    legacy = registration(TWO, mappings={"StaticT": mapping("StaticT", "static")})
    legacy = legacy.replace(b'{"0":0,"1":1}', b"{0:0,1:1}")
    yield call.register(Who("static"), legacy, "bare numbers as keys")
    yield call.register(Who("filters"), registration(TWO, filters=["10.0.0.8:1", "10.0.0.9:1"]))
    yield from _look(call, "TopicA", "TopicB", "StaticT")
    yield call.register(Who("filters"), registration(TWO, filters=[]), "filters are cleared")
    yield call.route("TopicA")
    for name in ("packed-static", "static"):
        yield call.leave(Who(name))
    yield call.route("StaticT")
    yield call.all_topics()


def _versions(call: Caller) -> Iterator[Step]:
    """What a data version decides."""
    one = {"Kept": (4, 4, 6), "Changed": (4, 4, 6)}
    yield call.topics(B, one, counter=1)
    yield call.topics(B, {"Kept": (4, 4, 6), "Changed": (8, 8, 4)}, counter=1)
    yield call.route("Changed", "same-version")
    yield call.topics(B, {"Kept": (4, 4, 6), "Changed": (8, 8, 4)}, counter=2)
    yield call.route("Changed")
    yield call.topics(B, {"Kept": (2, 2, 6), "Other": (1, 1, 6)}, counter=3)
    yield from _look(call, "Kept", "Changed", "Other")
    yield call.topics(B, {"Single": (3, 3, 6)}, counter=4)
    yield from _look(call, "Single", "Kept")
    yield call.topics(B, {"Single": (5, 5, 6)}, counter=2)
    yield call.route("Single")


def _replicas(call: Caller) -> Iterator[Step]:
    """Masters and slaves; C36 to C41, C66."""
    yield call.topics(A)
    yield call.topics(A1)
    yield call.topics(A2)
    yield from _look(call)
    yield call.topics(A, TWO | {"TopicC": (1, 1, 6)}, counter=2)
    yield from _look(call, "TopicC")
    yield call.leave(A)
    yield from _look(call)
    promoted = replace(A, host=A1.address.partition(":")[0])
    yield call.topics(promoted, counter=3)
    yield from _look(call)
    yield call.topics(replace(A1, host=A.address.partition(":")[0]), counter=3)
    yield from _look(call)
    yield call.leave(A2)
    yield from _look(call)
    # The same broker at another address.
    yield call.topics(replace(B, host="10.7.7.7"), counter=9)
    yield from _look(call, "TopicA")
    # The slave of a group whose master is in another state.
    yield call.topics(C)
    yield call.register(replace(C, broker_id=1), registration(TWO, Version(7)), "a slave's topics do not count")
    yield call.register(replace(C, broker_id=5), registration({"Slaves": (1, 1, 6)} | TWO, Version(8)))
    yield from _look(call, "Slaves")


def odd_steps(form: Serialization) -> Iterator[Step]:
    """What no broker should do."""
    call = Caller(form)
    body = registration(TWO)
    yield call.topics(A)
    for name in ("brokerId", "brokerName", "clusterName", "brokerAddr", "haServerAddr"):
        about = "optional-ha" if name == "haServerAddr" else "bad-parameters"
        yield call.register(Who(f"no-{name.lower()}"), body, f"without {name}", about, drop=(name,))
    yield call.register(Who("bad-id"), body, "an id that is no number", "bad-parameters", brokerId="first")
    yield call.register(Who("negative-id"), body, "an id below zero", "bad-parameters", brokerId="-1")
    yield call.ask(RequestCode.REGISTER_BROKER, "without parameters", "bad-parameters", body=body)
    yield call.register(Who("bad-flag"), body, "a flag that is none", compressed="perhaps", acting="perhaps")
    yield call.register(
        Who("single"), registration({"Alone": (1, 1, 6)}), "one topic, not registered before", "exception"
    )
    refused = ["but-for:negative-id", "but-for:single", "but-for:no-brokeraddr", "but-for:no-clustername"]
    yield call.clusters(*refused)
    yield call.register(Who("quirk"), compressed(TWO), "compressed, and says it is not", "sniffed-body")
    refused.append("but-for:quirk")
    yield call.route("TopicA", *refused)
    yield call.register(Who("old-slave", 1), body, version=VERSION_4, acting=None)
    refused.append("but-for:old-slave")
    yield call.route("TopicA", *refused)
    yield from _flags(call, refused)
    newer, older = Version(1, state=5), Version(9, state=1)
    yield call.register(Who("states", host="10.1.1.1"), registration(TWO, newer))
    yield call.register(Who("states", host="10.1.1.2"), registration(TWO, older), "older state", "stale-state")
    yield call.route("TopicA", *refused)
    nameless = registration({"Named": (1, 1, 6), "Nameless": (1, 1, 6)}).replace(b',"topicName":"Nameless"', b"")
    yield call.register(Who("nameless"), nameless, "a topic without a name", "nameless-topic")
    yield call.route("Named", "but-for:nameless")
    yield call.register(
        replace(A, cluster="ClusterTwo", host="10.2.2.2"), body, "a name of another cluster", "name-owned"
    )
    yield call.clusters(*refused, "but-for:nameless", "but-for:broker-a")


def _flags(call: Caller, refused: list[str]) -> Iterator[Step]:
    """Replicas that do not agree on their zone and on standing in for their master."""
    body = registration({"Flagged": (1, 1, 6), "Flagged2": (1, 1, 6)})
    yield call.register(Who("flags"), body, acting="true", __ZONE_NAME="east")
    yield call.register(Who("flags", 1), body, acting="false", __ZONE_NAME="west")
    yield call.route("Flagged", "group-flags")
    refused.append("but-for:flags")
