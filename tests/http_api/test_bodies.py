import gzip
import random
import re
import zlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.http_api.bodies import inflate
from nsredis.http_api.errors import Malformed, TooLarge
from tests.support.api import Api

BODY = {"address": "10.0.0.1:1", "topics": {f"Topic{i}": {} for i in range(3000)}}
RAW = orjson.dumps(BODY)
PATH = "/v1/brokers/c/a/0"


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", gzip.compress(RAW)),
        ("x-gzip", gzip.compress(RAW)),
        ("gzip", gzip.compress(RAW[:100]) + gzip.compress(b"") + gzip.compress(RAW[100:])),
        ("deflate", zlib.compress(RAW)),
        ("deflate", _raw_deflate(RAW)),
        ("identity", RAW),
    ],
)
async def test_encodings_that_are_read(api: Api, encoding: str, data: bytes) -> None:
    reply = await api.call("PUT", PATH, raw=data, headers={"Content-Encoding": encoding})
    assert reply.status == 201
    assert len((await api.get("/v1/topics?limit=5000")).json["items"]) == 3000


@pytest.mark.parametrize(
    ("encoding", "data", "status", "code"),
    [
        ("br", RAW, 415, "unsupported-media"),
        ("gzip", RAW, 400, "malformed"),
        ("gzip", gzip.compress(RAW)[:-9], 400, "malformed"),
        ("gzip", gzip.compress(RAW) + b"more", 400, "malformed"),
        ("gzip", gzip.compress(RAW) + gzip.compress(b" ")[:-1], 400, "malformed"),
        ("gzip", gzip.compress(RAW) + 1000 * gzip.compress(b" "), 400, "malformed"),
        ("gzip", gzip.compress(b" " * (3 << 19)) * 2, 413, "too-large"),
        ("deflate", zlib.compress(RAW) * 2, 400, "malformed"),
        ("deflate", b"\x00\x01", 400, "malformed"),
        ("gzip", gzip.compress(b" " * (3 << 20)), 413, "too-large"),
        ("identity", b" " * ((1 << 20) + 1), 413, "too-large"),
        ("identity", b'{"address": ', 400, "malformed"),
        ("identity", b'{"address": "10.0.0.1:1"} x', 400, "malformed"),
        ("identity", b"\xff\xfe", 400, "malformed"),
        ("identity", b"[" * 100_000, 422, "invalid-field"),
        ("identity", b'{"topics": ' + b'{"a":' * 100_000, 400, "malformed"),
        ("identity", b"[]", 422, "invalid-field"),
        ("identity", b"", 400, "malformed"),
    ],
)
async def test_what_cannot_be_read_is_refused(
    api_with_small_limits: Api, encoding: str, data: bytes, status: int, code: str
) -> None:
    reply = await api_with_small_limits.call("PUT", PATH, raw=data, headers={"Content-Encoding": encoding})
    assert (reply.status, reply.json["code"]) == (status, code)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert (await api_with_small_limits.get("/v1/brokers")).json["items"] == []


async def test_a_body_that_says_it_is_no_json_is_not_read(api: Api) -> None:
    reply = await api.call("PUT", PATH, raw=RAW, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (reply.status, reply.json["code"]) == (415, "unsupported-media")
    assert (
        await api.call("PUT", PATH, raw=RAW, headers={"Content-Type": "application/json; charset=utf-8"})
    ).status == 201


def test_inflating_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 1_000_001)
    with pytest.raises(TooLarge):
        inflate(bomb, (zlib.MAX_WBITS | 16,), 1_000_000)
    assert len(inflate(bomb, (zlib.MAX_WBITS | 16,), 1_000_001)) == 1_000_001
    with pytest.raises(Malformed):
        inflate(bomb[:-1], (zlib.MAX_WBITS | 16,), 2_000_000)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=4), st.integers(0, 3))
def test_members_of_any_size_are_put_together(sizes: list[int], level: int) -> None:
    parts = [random.Random(size).randbytes(size) for size in sizes]
    raw, plain = b"".join(gzip.compress(part, level) for part in parts), b"".join(parts)
    assert inflate(raw, (zlib.MAX_WBITS | 16,), len(plain)) == plain
    with pytest.raises(TooLarge):
        inflate(raw + gzip.compress(b"x"), (zlib.MAX_WBITS | 16,), len(plain))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (rb'{"value": "\ud800"}', "surrogate"),
        (rb'{"value": "\udc00"}', "surrogate"),
        (b'{"value": "x"', "truncated|end of data"),
        (b'{"value": "\n"}', "invalid character"),
    ],
)
async def test_what_is_wrong_with_json_is_told_as_it_is(api: Api, raw: bytes, words: str) -> None:
    reply = await api.call("PUT", "/v1/kv/n/k", raw=raw)
    assert (reply.status, reply.json["code"]) == (400, "malformed")
    assert re.search(words, reply.json["detail"])


@pytest.mark.parametrize("raw", [rb'{"put": {"A": 7, "\ud800": {}}}', b'{"put": {"A": 7}, "put": 7}'])
async def test_a_topic_that_cannot_be_named_is_refused_all_the_same(api: Api, raw: bytes) -> None:
    reply = await api.call("PATCH", f"{PATH}/topics", raw=raw)
    assert (reply.status, reply.json["field"]) == (422, "put[...]")
