"""Key-value configuration: reference §2.2, C1 to C4, C22, C68."""

from collections.abc import Iterator

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Serialization
from tests.interop.differential import bodies
from tests.interop.differential.brokers import A, B, Caller
from tests.interop.differential.steps import Step

PUT, GET, DELETE = RequestCode.PUT_KV_CONFIG, RequestCode.GET_KV_CONFIG, RequestCode.DELETE_KV_CONFIG
LIST = RequestCode.GET_KVLIST_BY_NAMESPACE

VALUES = {
    "plain": "value",
    "blank": " two  words ",
    "unicode": "größe 漢字 🙂",
    "quotes": 'a "quoted" \\ value',
    "lines": "one\ntwo\r\n\tthree",
    "long": "x" * 10_000,
    "slash": "a/b?c=d&e=f",
    "json": '{"a":[1,2,{"b":null}]}',
    "braces": "{1:2}",
}


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.ask(GET, "of nobody", ext={"namespace": "namespace", "key": "key"})
    yield call.ask(LIST, "of nobody", ext={"namespace": "namespace"})
    yield call.ask(DELETE, "of nobody", ext={"namespace": "namespace", "key": "key"})
    for key, value in VALUES.items():
        yield call.ask(PUT, key, ext={"namespace": "space", "key": key, "value": value})
        yield call.ask(GET, key, ext={"namespace": "space", "key": key})
    yield call.ask(PUT, "again", ext={"namespace": "space", "key": "plain", "value": "other"})
    yield call.ask(LIST, ext={"namespace": "space"})
    yield call.ask(DELETE, ext={"namespace": "space", "key": "long"})
    yield call.ask(GET, "deleted", ext={"namespace": "space", "key": "long"})
    yield call.ask(DELETE, "twice", ext={"namespace": "space", "key": "long"})
    yield call.ask(LIST, ext={"namespace": "space"})
    # Parameters that are not there.
    for code in (PUT, GET, DELETE):
        yield call.ask(code, "without a key", "no-parameter", ext={"namespace": "space", "value": "v"})
        yield call.ask(code, "without a namespace", "no-parameter", ext={"key": "k", "value": "v"})
        yield call.ask(code, "without parameters", "no-parameter")
    yield call.ask(LIST, "without a namespace", "no-parameter", ext={})
    yield call.ask(PUT, "without a value", "kv-null", ext={"namespace": "null", "key": "k"})
    yield call.ask(GET, "without a value", "kv-null", ext={"namespace": "null", "key": "k"})
    yield call.ask(LIST, "without a value", "kv-null", ext={"namespace": "null"})
    for about, ext in {
        "an empty namespace": {"namespace": "", "key": "k", "value": "v"},
        "an empty key": {"namespace": "bounds", "key": "", "value": "v"},
        "a value of 100,000 characters": {"namespace": "bounds", "key": "k", "value": "v" * 100_000},
    }.items():
        yield call.ask(PUT, about, "kv-bounds", ext=ext)
    # A namespace whose last key goes.
    yield call.ask(PUT, ext={"namespace": "brief", "key": "k", "value": "v"})
    yield call.ask(DELETE, ext={"namespace": "brief", "key": "k"})
    yield call.ask(LIST, "emptied", "kv-empty-namespace", ext={"namespace": "brief"})
    # Order of queues: brokers are told, routes are not unless a setting says so.
    yield call.topics(A)
    yield call.ask(PUT, ext={"namespace": "ORDER_TOPIC_CONFIG", "key": "TopicA", "value": "broker-a:4;broker-b:4"})
    yield call.register(B, bodies.registration(bodies.TWO), "is told the order")
    yield call.route("TopicA")
    yield call.ask(DELETE, ext={"namespace": "ORDER_TOPIC_CONFIG", "key": "TopicA"})
    yield call.register(B, bodies.registration(bodies.TWO), "no order is left", "kv-empty-namespace")
