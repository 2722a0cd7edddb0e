"""318, 319, and the settings that change answers: reference §2.11 and §4.2, C6 to C9, C13, C59, C60."""

from collections.abc import Iterator

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential.bodies import TWO
from tests.interop.differential.brokers import A, B, C, Caller
from tests.interop.differential.steps import Step
from tests.interop.differential.topic_story import lists

SHOW, CHANGE = RequestCode.GET_NAMESRV_CONFIG, RequestCode.UPDATE_NAMESRV_CONFIG


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.ask(SHOW, "", "configuration")
    yield call.ask(SHOW, "with stray parameters", "configuration", ext={"a": "b"})
    yield call.ask(CHANGE, "without a body", "configuration-update")
    for key in ("configStorePath", "kvConfigPath", "configBlackList", "rocketmqHome"):
        yield call.ask(CHANGE, key, "configuration-update", body=f"{key}=/elsewhere\n".encode())
    for body in (b"{key=value}", b"unknownKey=1\n", b"# a comment\n\n", b"enableTopicList=true\n", b"bad \\u12 escape"):
        yield call.ask(CHANGE, repr(body), "configuration-update", body=body)
    yield from lists(call)


def lists_off_steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.topics(A)
    yield from lists(call)
    yield call.route("TopicA")


def order_steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    put = RequestCode.PUT_KV_CONFIG
    yield call.topics(A)
    yield call.route("TopicA")
    yield call.ask(put, ext={"namespace": "ORDER_TOPIC_CONFIG", "key": "TopicA", "value": "broker-a:4"})
    yield call.topics(B)
    yield call.route("TopicA")
    yield call.route("TopicA", version=317)
    yield call.route("TopicB")


def deleting_steps(form: Serialization) -> Iterator[Step]:
    """Topics that a registration no longer names go."""
    call = Caller(form)
    fewer = {"TopicA": (4, 4, 6), "TopicC": (1, 1, 6)}
    for who in (A, B, C):
        yield call.topics(who)
    yield call.topics(A, fewer, counter=2)
    yield call.route("TopicB")
    yield call.topics(B, fewer, counter=2)
    yield call.topics(C, fewer, counter=2)
    yield call.route("TopicB")
    yield call.all_topics()
    yield call.topics(A, TWO, counter=2)
    yield call.route("TopicB", "same-version")
    yield call.all_topics()
