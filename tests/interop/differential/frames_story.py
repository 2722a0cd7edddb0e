"""Frames and headers that are odd, broken or not for us: reference §1, C5, C74 to C79."""

import json
import struct
from collections.abc import Callable, Iterator

from nsredis.wire.codes import ONE_WAY_FLAG, RESPONSE_FLAG, RequestCode
from nsredis.wire.commands import Command, Serialization, encode
from tests.interop.differential.brokers import A, Caller
from tests.interop.differential.recorder import MAYBE_SILENT
from tests.interop.differential.steps import Step

UNKNOWN = (0, 1, 2, 10, 17, 25, 34, 47, 99, 107, 200, 301, 323, 350, 902, 905, 1001, 1005, 20_000, 99_999, -1)
ROUTE = RequestCode.GET_ROUTEINFO_BY_TOPIC


def steps(form: Serialization) -> Iterator[Step]:
    call = Caller(form)
    yield call.topics(A)
    for code in UNKNOWN:
        if form is Serialization.JSON or -(2**15) <= code < 2**15:
            yield call.ask(code, "is no request", MAYBE_SILENT, "unknown-code")
            yield call.ask(code, "is no request, one-way", flag=ONE_WAY_FLAG)
    for code in (ROUTE, RequestCode.GET_BROKER_CLUSTER_INFO, RequestCode.GET_NAMESRV_CONFIG):
        yield call.ask(code, "one-way", ext={"topic": "TopicA"}, flag=ONE_WAY_FLAG)
        yield call.ask(code, "a response", MAYBE_SILENT, ext={"topic": "TopicA"}, flag=RESPONSE_FLAG)
    yield call.ask(ROUTE, "other bits of the flag", ext={"topic": "TopicA"}, flag=0b1100)
    yield call.ask(ROUTE, "with a body", ext={"topic": "TopicA"}, body=b"body")
    yield call.ask(ROUTE, "a negative version", "negative-version", MAYBE_SILENT, ext={"topic": "TopicA"}, version=-1)
    yield from (_headers() if form is Serialization.JSON else _binary_headers())
    yield from _broken(form)


def _raw(name: str, frame: Callable[[int], bytes], *about: str, alone: bool = False) -> Step:
    return Step(f"{int(ROUTE)} {name}", frame, int(ROUTE), frozenset(about), alone=alone)


def _framed(header: bytes, body: bytes = b"", form: int = 0) -> bytes:
    return struct.pack(">II", 4 + len(header) + len(body), form << 24 | len(header)) + header + body


def _headers() -> Iterator[Step]:
    """JSON headers as other clients write them."""

    def written(name: str, make: Callable[[int], str], *about: str) -> Step:
        return _raw(name, lambda opaque: _framed(make(opaque).encode()), *about, alone=True)

    def changed(**changes: object) -> Callable[[int], str]:
        def make(opaque: int) -> str:
            content = {"code": 105, "opaque": opaque, "version": 493, "flag": 0, "extFields": {"topic": "TopicA"}}
            return json.dumps(content | changes)

        return make

    yield written("least", lambda opaque: f'{{"code":106,"opaque":{opaque}}}', "")
    yield written("a line feed behind", lambda opaque: changed()(opaque) + "\n")
    yield written("blanks", lambda opaque: json.dumps(json.loads(changed()(opaque)), indent=3))
    yield written("keys in another order", lambda o: f'{{"extFields":{{"topic":"TopicA"}},"opaque":{o},"code":105}}')
    bare = '{code:105,opaque:%d,extFields:{topic:"TopicA"}}'
    yield written("unquoted keys", lambda opaque: bare % opaque, "lenient-header")
    yield written("single quotes", lambda o: f"{{'code':105,'opaque':{o},'extFields':{{'topic':'TopicA'}}}}")
    for language in ("CPP", "GO", "NOTHING", 1, 12, 99, None):
        yield written(f"language {language}", changed(language=language), "lenient-header" if language == 99 else "")
    yield written("an empty remark", changed(remark=""))
    yield written("a remark", changed(remark="words"))
    yield written("unknown keys", changed(other=[1, {"a": None}]))
    yield written("numbers as text", changed(code="105", version="493", flag="0"))
    yield written("numbers in parameters", changed(extFields={"topic": "TopicA", "a": 1, "b": True, "c": 1.5}))
    yield written("a number for a topic", changed(extFields={"topic": 5}))
    yield written("null in parameters", changed(extFields={"topic": "TopicA", "a": None}))
    yield written("null for a topic", changed(extFields={"topic": None}))
    yield written("null for parameters", changed(extFields=None))
    yield written("binary in name only", changed(serializeTypeCurrentRPC="ROCKETMQ"))
    yield written("escapes", lambda o: changed(extFields={"topic": "größe\n\u2028"})(o))


def _binary_headers() -> Iterator[Step]:
    def header(opaque: int, ext: bytes, remark: bytes = b"", language: int = 0) -> bytes:
        fixed = struct.pack(">hbhii", ROUTE, language, 493, opaque, 0)
        return fixed + struct.pack(">i", len(remark)) + remark + struct.pack(">i", len(ext)) + ext

    def entry(key: bytes, value: bytes) -> bytes:
        return struct.pack(">h", len(key)) + key + struct.pack(">i", len(value)) + value

    topic = entry(b"topic", b"TopicA")
    for language in (0, 1, 9, 12, 100, -1):

        def named(opaque: int, language: int = language) -> bytes:
            return _framed(header(opaque, topic, language=language), form=1)

        yield _raw(f"language {language}", named, alone=True)
    yield _raw("a remark", lambda o: _framed(header(o, topic, "größe".encode()), form=1), alone=True)
    yield _raw("an empty value", lambda o: _framed(header(o, topic + entry(b"ns", b"")), form=1), alone=True)
    yield _raw("an empty topic", lambda o: _framed(header(o, entry(b"topic", b"")), form=1), alone=True)
    yield _raw("no parameters", lambda o: _framed(header(o, b""), form=1), alone=True)


def _broken(form: Serialization) -> Iterator[Step]:
    """What closes the connection, and what only looks as if it did."""
    whole = encode(Command(ROUTE, 7, version=493, ext={"topic": "TopicA"}, serialization=form))
    broken = {
        "no length": struct.pack(">I", 0),
        "a negative length": struct.pack(">i", -5) + whole[4:],
        "a length over the bound": struct.pack(">I", (16 << 20) + 1) + whole[4:],
        "a header over its frame": struct.pack(">II", len(whole) - 4, form << 24 | 0xFFFF) + whole[8:],
        "an unknown form": whole[:4] + b"\x05" + whole[5:],
        "a header that is none": _framed(b"\xff\xfe garbage", form=form),
        "a header of no bytes": _framed(b"", form=form),
        "half a header": _framed(whole[8 : 8 + (len(whole) - 8) // 2], form=form),
        "HTTP": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "TLS": bytes.fromhex("1603010005010000010003") + bytes(32),
    }
    for name, data in broken.items():
        yield _raw(name, lambda _, data=data: data, MAYBE_SILENT, "broken", alone=True)  # type: ignore[misc]

    def behind(prefix: bytes) -> Callable[[int], bytes]:
        command = Command(ROUTE, version=493, ext={"topic": "TopicA"}, serialization=form)
        return lambda opaque: (
            prefix + encode(Command(command.code, opaque, version=493, ext=command.ext, serialization=form))
        )

    yield _raw("behind PROXY 1", behind(b"PROXY TCP4 10.0.0.1 10.0.0.2 1111 9876\r\n"), "proxy", alone=True)
    second = bytes.fromhex("0d0a0d0a000d0a515549540a2111000c0a0000010a0000020457269400")[:-1]
    yield _raw("behind PROXY 2", behind(second), "proxy", alone=True)
