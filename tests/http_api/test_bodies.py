import gzip
import zlib

import orjson
import pytest

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
