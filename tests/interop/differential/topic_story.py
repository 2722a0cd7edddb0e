"""Lists of topics, their deletion, single registrations and permissions: reference §2.7 and §2.8."""

from collections.abc import Iterator

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential.bodies import TWO, registration, route
from tests.interop.differential.brokers import A1, A, B, C, Caller, Who
from tests.interop.differential.steps import Step

LISTS = (
    RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
    RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS,
    RequestCode.GET_UNIT_TOPIC_LIST,
    RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
    RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
)
DELETE, REGISTER = RequestCode.DELETE_TOPIC_IN_NAMESRV, RequestCode.REGISTER_TOPIC_IN_NAMESRV
WIPE, ADD = RequestCode.WIPE_WRITE_PERM_OF_BROKER, RequestCode.ADD_WRITE_PERM_OF_BROKER


def lists(call: Caller) -> Iterator[Step]:
    """Every list there is."""
    for code in LISTS:
        yield call.ask(code, "", "system-list" if code == RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS else "")
    for cluster in ("ClusterOne", "ClusterTwo", "Nowhere"):
        yield call.ask(RequestCode.GET_TOPICS_BY_CLUSTER, cluster, ext={"cluster": cluster})
    yield call.ask(RequestCode.GET_TOPICS_BY_CLUSTER, "without a cluster")
    yield call.ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, "with stray parameters", ext={"topic": "x"})


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield from lists(call)
    for who in (A, B, C):
        yield call.topics(who)
    flags = {"Unit": 1, "UnitSub": 2, "Both": 3, "None": 0}
    flagged = dict.fromkeys(flags, (1, 1, 6))
    yield call.register(Who("flagged"), registration(flagged, flags=flags))
    yield from lists(call)
    yield from _deletions(call)
    yield from _single_topics(call)
    yield from _permissions(call)


def _deletions(call: Caller) -> Iterator[Step]:
    yield call.ask(DELETE, "in one cluster", ext={"topic": "TopicA", "clusterName": "ClusterOne"})
    yield call.route("TopicA")
    yield call.ask(DELETE, "in an unknown cluster", ext={"topic": "TopicA", "clusterName": "Nowhere"})
    yield call.route("TopicA")
    yield call.ask(DELETE, "in its last cluster", ext={"topic": "TopicA", "clusterName": "ClusterTwo"})
    yield call.route("TopicA")
    yield call.ask(DELETE, "everywhere", ext={"topic": "TopicB"})
    yield call.route("TopicB")
    yield call.topics(B, TWO)
    yield call.route("TopicB", "deleted-topic")
    yield call.topics(B, TWO, counter=2)
    yield call.route("TopicB")
    yield call.ask(DELETE, "again", ext={"topic": "TopicB"})
    yield call.ask(DELETE, "with an empty cluster", ext={"topic": "Both", "clusterName": ""})
    yield call.route("Both")
    yield call.ask(DELETE, "without a topic", "bad-parameters", ext={})
    yield call.ask(DELETE, "without parameters", "bad-parameters")
    yield from lists(call)
    yield call.topics(A, TWO, counter=2)
    yield call.route("TopicA")


def _single_topics(call: Caller) -> Iterator[Step]:
    queues = (3, 3, 6)
    yield call.ask(REGISTER, "of no broker", ext={"topic": "New"}, body=route(("nobody", queues)))
    yield call.route("New", "single-topic")
    yield call.ask(REGISTER, "of a broker", ext={"topic": "New"}, body=route(("broker-a", queues)))
    yield call.route("New", "single-topic")
    yield call.ask(REGISTER, "of another too", ext={"topic": "New"}, body=route(("broker-b", queues)))
    yield call.ask(REGISTER, "changed", ext={"topic": "New"}, body=route(("broker-a", (5, 6, 4))))
    yield call.route("New", "single-topic")
    for about in ("of one and nobody", "again"):
        both = route(("broker-a", (7, 7, 6)), ("nobody", queues), ("broker-b", (7, 7, 6)))
        yield call.ask(REGISTER, about, "single-topic", ext={"topic": "New"}, body=both)
        yield call.route("New", "single-topic")
    yield call.ask(REGISTER, "of nobody first", "single-topic", ext={"topic": "Half"}, body=route(("nobody", queues)))
    yield call.route("Half", "single-topic")
    yield call.ask(REGISTER, "without queues", ext={"topic": "Empty"}, body=route())
    yield call.ask(REGISTER, "without a body", "exception", ext={"topic": "Empty"})
    yield call.ask(REGISTER, "garbage", "exception", ext={"topic": "Empty"}, body=b"garbage")
    yield call.ask(REGISTER, "without a topic", "bad-parameters", ext={}, body=route(("broker-a", queues)))
    yield call.route("Empty")
    yield call.topics(A, TWO, counter=3)
    yield call.route("New", "single-topic")


def _permissions(call: Caller) -> Iterator[Step]:
    special = {"All": (1, 1, 7), "Read": (1, 1, 4), "Write": (1, 1, 2), "Usual": (1, 1, 6), "None": (1, 1, 0)}
    yield call.topics(Who("special"), special)
    for code, word in ((WIPE, "wipe"), (WIPE, "wipe twice"), (ADD, "add"), (ADD, "add twice")):
        about = "wipe-perm" if code == WIPE else "add-perm"
        yield call.ask(code, word, about, ext={"brokerName": "special"})
        for topic in special:
            yield call.route(topic, about)
    for code in (WIPE, ADD):
        yield call.ask(code, "of nobody", ext={"brokerName": "nobody"})
        yield call.ask(code, "without a name", "bad-parameters", ext={})
        yield call.ask(code, "without parameters", "bad-parameters")
    yield call.ask(WIPE, "before another version", "wipe-perm", ext={"brokerName": "special"})
    yield call.topics(Who("special"), special, counter=1)
    yield call.route("Usual", "wipe-perm")
    yield call.topics(Who("special"), special, counter=2)
    yield call.route("Usual", "wipe-perm", "wipe-after-change")
    yield call.topics(A1)
    yield call.leave(Who("special"))
    yield call.topics(Who("special"), special, counter=3)
    yield call.route("Usual")
