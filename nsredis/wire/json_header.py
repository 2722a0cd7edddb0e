"""A command's header as JSON: read as liberally as RocketMQ's own server does, written as it writes."""

from typing import Annotated, Any, Final

import msgspec
import orjson

from nsredis.wire import fastjson
from nsredis.wire.codes import LANGUAGES
from nsredis.wire.frames import MalformedFrame

MAX_LENIENT: Final = 64 * 1024
"""Bytes of the longest header that is read leniently: that is slow, and those of clients have some hundred bytes."""

_LEAST: Final = -(2**31)
_MOST: Final = 2**31 - 1
_NAMES: Final = frozenset(LANGUAGES)

Int32 = Annotated[int, msgspec.Meta(ge=_LEAST, le=_MOST)]


class PlainHeader(msgspec.Struct):
    """What nearly every client sends, read in one go."""

    code: Int32 = 0
    opaque: Int32 = 0
    flag: Int32 = 0
    version: Int32 = 0
    language: str = "JAVA"
    remark: str | None = None
    ext: dict[str, str] | None = msgspec.field(default=None, name="extFields")


read_plain: Final = msgspec.json.Decoder(PlainHeader).decode
"""Reads a header that is as nearly every client sends it, and never differs from `read`. ValueError, RecursionError."""


def read(header: bytes) -> tuple[int, int, int, int, str, str | None, dict[str, str] | None]:
    """Code, opaque, flag, version, language, remark and parameters. MalformedFrame.

    What is absent is 0 or null. Parameters that are no text become text: `true`, `3`, nested ones as compact JSON;
    null ones are skipped. A language that is not known is OTHER.
    """
    try:
        plain = read_plain(header)
    except (ValueError, RecursionError):
        return _read_leniently(header)
    language = plain.language if plain.language in _NAMES else "OTHER"
    return plain.code, plain.opaque, plain.flag, plain.version, language, plain.remark, plain.ext


def _read_leniently(header: bytes) -> tuple[int, int, int, int, str, str | None, dict[str, str] | None]:
    if len(header) > MAX_LENIENT:
        raise MalformedFrame(f"a header of {len(header)} bytes is not JSON as RemotingCommand has it")
    try:
        content = fastjson.loads(header)
    except ValueError as error:
        raise MalformedFrame(f"a header is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise MalformedFrame("a header is not a JSON object")
    code, opaque, flag, version = (_number(content, name) for name in ("code", "opaque", "flag", "version"))
    remark = content.get("remark")
    return code, opaque, flag, version, _language(content), None if remark is None else _text(remark), _ext(content)


def _number(content: dict[str, Any], name: str) -> int:
    value = content.get(name)
    if value is None:
        return 0
    try:
        number = int(value) if isinstance(value, (int, str)) else None
    except ValueError:
        number = None
    if number is None or not _LEAST <= number <= _MOST:
        raise MalformedFrame(f"a header's {name} must be a number of 32 bits")
    return number


def _language(content: dict[str, Any]) -> str:
    """By name, or by number as some clients send it."""
    language = content.get("language")
    if language is None:
        return "JAVA"
    if isinstance(language, int) and 0 <= language < len(LANGUAGES):
        return LANGUAGES[language]
    return language if isinstance(language, str) and language in _NAMES else "OTHER"


def _ext(content: dict[str, Any]) -> dict[str, str] | None:
    ext = content.get("extFields")
    if ext is None:
        return None
    if not isinstance(ext, dict):
        raise MalformedFrame("a header's extFields must be an object")
    return {name: _text(value) for name, value in ext.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return fastjson.dumps(value).decode()
    except ValueError as error:
        raise MalformedFrame(f"a header has a parameter that is nested too deeply: {error}") from None


def write(
    code: int,
    opaque: int,
    flag: int,
    version: int,
    language: str,
    remark: str | None,
    ext: dict[str, str] | None,
) -> bytes:
    """The header's bytes: keys in alphabetical order and nothing that is null, as Java writes it."""
    fields = b"" if ext is None else b'"extFields":%b,' % orjson.dumps(ext)
    words = b"" if remark is None else b'"remark":%b,' % orjson.dumps(remark)
    name = language if language in _NAMES else "OTHER"
    return b'{"code":%d,%b"flag":%d,"language":"%b","opaque":%d,%b"serializeTypeCurrentRPC":"JSON","version":%d}' % (
        code,
        fields,
        flag,
        name.encode(),
        opaque,
        words,
        version,
    )
