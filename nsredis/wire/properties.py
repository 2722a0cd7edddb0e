"""Text of Java's Properties, in which configuration is sent to a name server and told by it."""

import re
from collections.abc import Mapping
from typing import Final

_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_LAST_LINE_END: Final = re.compile(r"[\r\n]\Z")
_BLANKS: Final = " \t\f"
_ESCAPED_OR_KEY_END: Final = re.compile(r"\\.|([=: \t\f])", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[ \t\f]*+[=:]?[ \t\f]*+")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S]?)")
_LETTERS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse(raw: bytes) -> dict[str, str]:
    """What Java's `Properties.load` of these bytes gives: they are Latin-1, others must be `\\uXXXX`. ValueError."""
    properties = {}
    for line in _logical_lines(raw.decode("latin-1")):
        end = _key_end(line)
        separator = _SEPARATOR.match(line, end)
        assert separator is not None  # it matches nothing at all too
        properties[_unescaped(line[:end])] = _unescaped(line[separator.end() :])
    return properties


def _logical_lines(text: str) -> list[str]:
    """Lines that say something; one that ends in an odd number of backslashes is joined with the next."""
    lines: list[str] = []
    pending, continues = "", False
    for natural in _LINE_ENDS.split(_LAST_LINE_END.sub("", text)):
        line = natural.lstrip(_BLANKS)
        continues = False
        if not pending and (not line or line[0] in "#!"):
            continue
        continues = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        pending += line[:-1] if continues else line
        if not continues:
            lines.append(pending)
            pending = ""
    return [*lines, pending] if continues else lines


def _key_end(line: str) -> int:
    return next((found.start() for found in _ESCAPED_OR_KEY_END.finditer(line) if found[1]), len(line))


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    units = _ESCAPE.sub(_character, text)
    # \uXXXX are UTF-16 units: pairs become one character, half a pair what Java would send for it.
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: re.Match[str]) -> str:
    meant = escape[1]
    if len(meant) == 5:
        return chr(int(meant[1:], 16))
    if meant == "u":
        raise ValueError("\\u must be followed by four hexadecimal digits")
    return _LETTERS.get(meant, meant)


def render(properties: Mapping[str, str]) -> bytes:
    """Lines `key=value` sorted by key, nothing escaped: how RocketMQ's name server tells its configuration."""
    return "".join(f"{key}={properties[key]}\n" for key in sorted(properties)).encode()
