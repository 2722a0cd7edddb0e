"""Reading a request's body: its size, its encoding, its JSON."""

import asyncio
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, get_args

import msgspec
import orjson
from aiohttp import StreamReader, web
from msgspec import Raw, Struct

from nsredis.core.names import inside
from nsredis.http_api.errors import Malformed, TooLarge, TooSlow, UnsupportedMedia, invalid_field

IN_LOOP_BYTES: Final = 64 * 1024
"""A larger compressed body is inflated on a thread; zlib lets go of the interpreter meanwhile."""

LEAST_RATE: Final = 500
"""Bytes in a second: slow links keep it up, and those do not who only want to hold the connection."""

PIECE: Final = 64 * 1024
MOST_MEMBERS: Final = 1000
"""A gzip file may be several, one behind another."""

GZIP_MAGIC: Final = b"\x1f\x8b"

_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
_ZLIB_WINDOW: Final = zlib.MAX_WBITS
_RAW_WINDOW: Final = -zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bytes: of a body as it comes in, and of what a compressed one may inflate to.

    Seconds: how long a body may pause, and how long it may take before it must have kept up LEAST_RATE so far.
    """

    body: int = 16 << 20
    inflated: int = 64 << 20
    pause_s: float = 30.0


async def read_body(request: web.Request, limits: BodyLimits) -> bytes:
    """The body's plain bytes. TooLarge, TooSlow, UnsupportedMedia, Malformed."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise UnsupportedMedia(f"Content-Encoding {encoding} is not read here; gzip and deflate are")
    if request.content_length is not None and request.content_length > limits.body:
        raise TooLarge(f"the body may have at most {limits.body} bytes")
    try:
        raw = await _received(request.content, limits)
    except (web.RequestPayloadError, ConnectionError):
        raise Malformed("the body ended early") from None
    if encoding == "identity" or not raw:
        return raw
    windows = (_ZLIB_WINDOW, _RAW_WINDOW) if encoding == "deflate" else (_GZIP_WINDOW,)
    if len(raw) < IN_LOOP_BYTES // 16:
        return inflate(raw, windows, limits.inflated)
    return await asyncio.to_thread(inflate, raw, windows, limits.inflated)


async def _received(content: StreamReader, limits: BodyLimits) -> bytes:
    """All of a body. TooLarge, TooSlow."""
    raw, began = bytearray(), time.monotonic()
    while True:
        left_s = began + limits.pause_s + len(raw) / LEAST_RATE - time.monotonic()
        try:
            async with asyncio.timeout(min(limits.pause_s, left_s)):
                part = await content.readany()
        except TimeoutError:
            raise TooSlow(f"the body came too slowly: {len(raw)} bytes so far") from None
        if not part:
            return bytes(raw)
        raw += part
        if len(raw) > limits.body:
            raise TooLarge(f"the body may have at most {limits.body} bytes")


def inflate(raw: bytes, windows: tuple[int, ...], limit: int) -> bytes:
    """The inflated bytes. `windows` are tried in turn: what HTTP calls deflate comes with and without zlib's header."""
    for window in windows:
        try:
            return _inflated(raw, window, limit)
        except zlib.error:
            continue
    raise Malformed("the body is not compressed as Content-Encoding says")


def _inflated(raw: bytes, window: int, limit: int) -> bytes:
    """The inflated bytes; those of gzip's members, if there are several, one after another."""
    plain, place = bytearray(), 0
    for _ in range(MOST_MEMBERS):
        inflater = zlib.decompressobj(window)
        while not inflater.eof:
            if place >= len(raw):
                raise Malformed("the compressed body ended early")
            plain += inflater.decompress(raw[place : place + PIECE], limit + 1 - len(plain))
            place += PIECE
            if len(plain) > limit:
                raise TooLarge(f"the body may inflate to at most {limit} bytes")
        place = min(place, len(raw)) - len(inflater.unused_data)
        if place == len(raw):
            return bytes(plain)
        if window != _GZIP_WINDOW or not raw.startswith(GZIP_MAGIC, place):
            break
    raise Malformed("something follows the compressed body")


def check_media_type(request: web.Request) -> None:
    """UnsupportedMedia unless the body is said to be JSON, or nothing is said."""
    if "Content-Type" in request.headers:
        media = request.content_type
        if media != "application/json" and not media.endswith("+json"):
            raise UnsupportedMedia(f"Content-Type {media} is not read here; application/json is")


def decode_json(raw: bytes, kind: type[Struct]) -> Any:
    """The body as an object of `kind`. Malformed, InvalidField."""
    try:
        return _decoder(kind).decode(raw)
    except msgspec.ValidationError as error:
        found = invalid_field(error)
        name, nameless, _ = found.field.partition("[...]")
        if nameless:
            blame(_by_name(raw).get(name, b""), _values_of(kind, name), name)
        raise found from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {why_not_json(raw, error)}") from None


def why_not_json(raw: bytes, error: Exception) -> str:
    """What is wrong with it, in words. msgspec takes half a surrogate pair at the end of a text for the end of all."""
    if "truncated" in str(error):
        try:
            orjson.loads(raw)
        except orjson.JSONDecodeError as better:
            return str(better)
    return str(error)


def blame(raw: bytes, kind: Any, field: str) -> None:
    """InvalidField for the first value of an object by name that is not of `kind`: msgspec does not tell its name."""
    for name, value in _by_name(raw).items():
        try:
            _decoder(kind).decode(value)
        except msgspec.ValidationError as error:
            raise invalid_field(error, inside(field, name)) from None


def _by_name(raw: bytes) -> Mapping[str, bytes]:
    """The values of an object, each as it stands there; none when it is no object, or malformed further on."""
    try:
        found: Mapping[str, bytes] = _decoder(dict[str, Raw]).decode(raw)
    except msgspec.DecodeError:
        return {}
    return found


def _values_of(kind: type[Struct], name: str) -> Any:
    """The type of the values of a field that is an object by name."""
    return next(get_args(field.type)[1] for field in msgspec.structs.fields(kind) if field.encode_name == name)


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)
