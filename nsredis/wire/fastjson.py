"""JSON as RocketMQ's Java library fastjson reads and writes it: bare names, bare whole numbers as keys of maps."""

import re
from typing import Any, Final, TypeVar

import msgspec
import orjson

Content = TypeVar("Content")

_ESCAPES: Final = 4096
"""The most escapes in a string of the dialect: without a bound a hostile text makes the regular expression use up
memory. Standard JSON has no such bound."""

_TOKEN: Final = re.compile(
    rb"""
      (?:,\s*+"[^"\\]*+"\s*+:\s*+(?:"[^"\\]*+"|[^\s{}\[\]:,"']++)){1,64}
    | "[^"\\]*+(?:\\.[^"\\]*+){0,%(escapes)d}"
    | '(?P<single>[^'\\]*+(?:\\.[^'\\]*+){0,%(escapes)d})'
    | (?P<unclosed>["'])
    | (?P<name>[^\s{}\[\]:,"']++)(?=\s*+:)
    | [^\s{}\[\]:,"']++
    | (?P<start>[{\[])[\s,]*+
    | (?P<comma>,)[\s,]*+(?P<end>(?=[}\]]))?
    """
    % {b"escapes": _ESCAPES},
    re.VERBOSE | re.DOTALL,
)
_INSIDE_SINGLE: Final = re.compile(rb"""\\.|\"""", re.DOTALL)
_REQUOTED: Final = {rb"\'": b"'", b'"': rb"\""}


def standard(raw: bytes) -> bytes:
    """What the dialect says, as standard JSON where it can be; takes time and memory in proportion. ValueError.

    Read are: names without quotes or in single ones, strings in single quotes, commas too many. What is wrong
    otherwise stays so: only a parser finds it.
    """
    written, done = bytearray(), 0
    for token in _TOKEN.finditer(raw):
        kind = token.lastgroup
        if kind is None:  # standard: a string, a number, a word, or for speed a run of whole members
            continue
        replacement = _replacement(kind, token)
        if replacement is not None:
            written += raw[done : token.start()]
            written += replacement
            done = token.end()
    written += raw[done:]
    return bytes(written)


def _replacement(kind: str, token: re.Match[bytes]) -> bytes | None:
    """None where the token is standard JSON already."""
    match kind:
        case "name":
            return b'"%b"' % token[0]
        case "single":
            return b'"%b"' % _INSIDE_SINGLE.sub(lambda inside: _REQUOTED.get(inside[0], inside[0]), token["single"])
        case "start":
            return token["start"] if b"," in token[0] else None
        case "comma":
            return b"," if token[0].count(b",") > 1 else None
        case "end":
            return b""
        case _:
            raise ValueError(f"a string is not closed (byte {token.start()}), or has more than {_ESCAPES} escapes")


def loads(raw: bytes) -> Any:
    """The content of standard JSON or of the dialect. ValueError. All keys are text: `{0:1}` is read as `{"0": 1}`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return orjson.loads(standard(raw))


def decode(decoder: msgspec.json.Decoder[Content], raw: bytes) -> Content:
    """As `loads`, but checked and built by a typed decoder: fast where the JSON is standard. ValueError."""
    try:
        try:
            return decoder.decode(raw)
        except msgspec.ValidationError:
            raise  # it is JSON, only not what it should be
        except msgspec.DecodeError:
            return decoder.decode(standard(raw))
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def dumps(content: Any) -> bytes:
    """Standard JSON: compact, keys sorted as text, whole numbers as keys quoted. ValueError where it cannot be.

    What is null is written: leave it out before, as fastjson does.
    """
    try:
        return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
    except TypeError as error:  # orjson's own error: nested too deeply, or of a type that JSON does not know
        raise ValueError(f"cannot be written as JSON: {error}") from None


def dumps_legacy(content: Any) -> bytes:
    """As `dumps`, but keys that are whole numbers stay bare and in their order: what RocketMQ's old clients expect."""
    try:
        return _legacy(content)
    except RecursionError:
        raise ValueError("cannot be written as JSON: nested too deeply") from None


def _legacy(content: Any) -> bytes:
    if isinstance(content, dict):
        numbers = sorted(key for key in content if isinstance(key, int))
        names = sorted(key for key in content if not isinstance(key, int))
        parts = [b"%d:%b" % (key, _legacy(content[key])) for key in numbers]
        parts += [b"%b:%b" % (dumps(key), _legacy(content[key])) for key in names]
        return b"{%b}" % b",".join(parts)
    if isinstance(content, (list, tuple)):
        return b"[%b]" % b",".join(map(_legacy, content))
    return dumps(content)
