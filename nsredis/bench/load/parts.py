"""What JSON says, in whatever order the parts of its lists and objects stand."""

import re
from collections.abc import Iterator
from typing import Any, Final

_TOKEN: Final = re.compile(rb"[{}\[\],]|[^{}\[\],]+")


def parts_of(json: bytes) -> tuple[Any, ...]:
    """Equal for texts of the same parts; as plan.c has it, so brackets and commas in strings count as any others."""
    tokens = iter(_TOKEN.findall(json))
    return _until_closed(tokens), *tokens  # nothing is left where brackets are in pairs


def _until_closed(tokens: Iterator[bytes]) -> tuple[Any, ...]:
    parts: list[tuple[Any, ...]] = []
    part: list[Any] = []
    for token in tokens:
        if token in b"}]":
            break
        if token == b",":
            parts.append(tuple(part))
            part = []
        else:
            part.append(token)
            if token in b"{[":
                part.append(_until_closed(tokens))
    parts.append(tuple(part))
    return tuple(sorted(parts, key=repr))
