"""Heartbeats, member groups and leaving: reference §2.3 and §2.9, C12, C16 to C18, C37 to C41, C62."""

from collections.abc import Iterator

from nsredis.wire.codes import ONE_WAY_FLAG, RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential.bodies import V1, Version, registration
from tests.interop.differential.brokers import A1, A, B, C, Caller, Who
from tests.interop.differential.steps import VERSION_4, Step

QUERY, BEAT = RequestCode.QUERY_DATA_VERSION, RequestCode.BROKER_HEARTBEAT
GROUP, LEAVE = RequestCode.GET_BROKER_MEMBER_GROUP, RequestCode.UNREGISTER_BROKER


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.ask(QUERY, "of nobody", ext=A.ext, body=V1.json())
    yield call.ask(QUERY, "of nobody, without a body", ext=A.ext)
    yield call.ask(BEAT, "of nobody", "unknown-heartbeat", ext=A.ext)
    yield from _groups(call)
    for who in (A, A1, B, C):
        yield call.topics(who)
    yield from _queries(call)
    yield call.ask(BEAT, ext=A.ext)
    yield call.ask(
        BEAT, "of the controller's kind", ext=A.ext | {"epoch": "3", "maxOffset": "9", "heartbeatTimeoutMills": "1"}
    )
    yield call.ask(BEAT, "without parameters", "bad-parameters")
    yield call.ask(BEAT, "one-way", ext=A.ext, flag=ONE_WAY_FLAG)
    yield call.ask(BEAT, "one-way of nobody", ext=Who("nobody").ext, flag=ONE_WAY_FLAG)
    yield from _groups(call)
    yield from _leaving(call)


def _queries(call: Caller) -> Iterator[Step]:
    for name, version in {
        "equal": V1,
        "another counter": Version(2),
        "another time": Version(1, timestamp=1_700_000_000_001),
        "another state": Version(1, state=1),
    }.items():
        yield call.ask(QUERY, name, ext=A.ext, body=version.json())
    yield call.ask(QUERY, "of 4.x", ext=A.ext, body=b'{"counter":1,"timestamp":1700000000000}', version=VERSION_4)
    yield call.ask(QUERY, "without a body", ext=A.ext)
    yield call.ask(QUERY, "garbage", "exception", ext=A.ext, body=b"garbage")
    yield call.ask(QUERY, "at another address", ext=A.ext | {"brokerAddr": "10.9.9.9:1"}, body=V1.json())
    yield call.ask(
        QUERY, "of another cluster", "wrong-cluster", ext=A.ext | {"clusterName": "ClusterTwo"}, body=V1.json()
    )
    yield call.ask(QUERY, "under another name", "wrong-name", ext=A.ext | {"brokerName": "broker-b"}, body=V1.json())
    yield call.ask(QUERY, "without parameters", "bad-parameters", body=V1.json())
    yield call.ask(QUERY, "one-way", ext=A.ext, body=V1.json(), flag=ONE_WAY_FLAG)


def _groups(call: Caller) -> Iterator[Step]:
    for cluster in ("ClusterOne", "Nowhere"):
        for name in ("broker-a", "nobody"):
            about = ("member-group-remark",)
            yield call.ask(GROUP, f"{cluster} {name}", *about, ext={"clusterName": cluster, "brokerName": name})
    yield call.ask(GROUP, "without a name", "member-group-remark", "bad-parameters", ext={"clusterName": "ClusterOne"})
    yield call.ask(GROUP, "without parameters", "member-group-remark", "bad-parameters")


def _leaving(call: Caller) -> Iterator[Step]:
    yield call.ask(LEAVE, "nobody", ext=Who("nobody").ext, settles=True)
    yield call.ask(LEAVE, "at another address", ext=A.ext | {"brokerAddr": "10.9.9.9:1"}, settles=True)
    yield call.clusters()
    yield call.leave(A1)
    yield call.clusters()
    yield call.route("TopicA")
    yield call.leave(A)
    yield call.clusters()
    yield call.route("TopicA")
    yield call.topics(A)
    yield call.route("TopicA")
    # Two names at one address, in two clusters (C62).
    twin = Who("twin", cluster="ClusterTwo", host=A.address.partition(":")[0])
    yield call.register(twin, registration({"Twin1": (1, 1, 6), "Twin2": (1, 1, 6)}, Version(5)))
    yield call.ask(QUERY, "of one twin", ext=A.ext, body=V1.json())
    yield call.ask(QUERY, "of the other", ext=twin.ext, body=Version(5).json())
    yield call.leave(twin)
    yield call.clusters()
    for who in (A, B, C):
        yield call.leave(who)
    yield call.clusters()
    yield call.all_topics()
    yield call.ask(LEAVE, "without parameters", "bad-parameters", settles=True)
