"""Reading a request's body: its size, its encoding, its JSON."""

import asyncio
import time
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from aiohttp import StreamReader, web
from msgspec import Struct

from nsredis.http_api.errors import Malformed, TooLarge, TooSlow, UnsupportedMedia, invalid_field

IN_LOOP_BYTES: Final = 64 * 1024
"""A larger compressed body is inflated on a thread; zlib lets go of the interpreter meanwhile."""

LEAST_RATE: Final = 500
"""Bytes in a second: slow links keep it up, and those do not who only want to hold the connection."""

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
        inflater = zlib.decompressobj(window)
        try:
            plain = inflater.decompress(raw, limit + 1)
        except zlib.error:
            continue
        if len(plain) > limit:
            raise TooLarge(f"the body may inflate to at most {limit} bytes")
        if not inflater.eof:
            raise Malformed("the compressed body ended early")
        if inflater.unused_data:
            raise Malformed("something follows the compressed body")
        return plain
    raise Malformed("the body is not compressed as Content-Encoding says")


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
        raise invalid_field(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"the body is not JSON: {error}") from None


@cache
def _decoder(kind: type[Struct]) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(kind)
