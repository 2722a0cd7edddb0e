"""The Lua scripts: found, put together with their includes, and called by the names in their headers.

A header gives each KEYS and ARGV slot a name and a type; here the names become Lua locals, so that neither side ever
writes a slot number. Types: str, int, int? (empty: nil), bool; a name ending in `...` takes all that follows.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

type_names: Final = frozenset({"str", "int", "int?", "bool"})

_INCLUDE: Final = re.compile(r"^-- @include (\w+)$", re.MULTILINE)
_SECTION: Final = re.compile(r"^  ([A-Z]+)$")
_SLOT: Final = re.compile(r"^    (\w+(?:\.\.\.)?)\s+(\S+)")

Argument = str | bytes | int | bool | None


@dataclass(frozen=True, slots=True)
class Script:
    """One script, ready to load. `arguments` maps each ARGV name to its type; `tail` names the variadic one, if any."""

    name: str
    text: str
    sha: str
    keys: tuple[str, ...]
    arguments: dict[str, str]
    tail: str | None
    errors: tuple[str, ...]

    def slots(self, values: dict[str, object]) -> list[str | bytes]:
        """KEYS and then ARGV in order, from exactly the names in the header; TypeError otherwise."""
        try:
            slots = [_text(values[name]) for name in (*self.keys, *self.arguments)]
        except KeyError:
            raise self._misfit(values) from None
        if len(values) != len(slots) + (self.tail is not None) or (self.tail is not None and self.tail not in values):
            raise self._misfit(values)
        if self.tail is not None:
            tail = values[self.tail]
            assert isinstance(tail, Iterable)
            slots.extend(_text(value) for value in tail)
        return slots

    def _misfit(self, values: dict[str, object]) -> TypeError:
        expected = {*self.keys, *self.arguments, *((self.tail,) if self.tail is not None else ())}
        wrong = sorted(values.keys() ^ expected)
        return TypeError(f"{self.name}: these names do not fit its header: {', '.join(wrong)}")


def _text(value: object) -> str | bytes:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case str() | bytes():
            return value
        case int():
            return str(value)
        case _:
            raise TypeError(f"a script takes text, bytes and whole numbers, not {type(value).__name__}")


def scripts_folder() -> Traversable:
    """`lua/` in the installed package, else at the top of the checkout."""
    packaged = files("nsredis") / "lua"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "lua").is_dir():
        return checkout / "lua"
    raise FileNotFoundError(f"no Lua scripts at {packaged} nor at {checkout / 'lua'}")


@cache
def load_scripts() -> dict[str, Script]:
    """All scripts by name."""
    folder = scripts_folder()
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".lua"))
    return {name[:-4]: build_script(name[:-4], (folder / name).read_text(), folder / "include") for name in names}


def build_script(name: str, source: str, includes: Traversable) -> Script:
    """A script from its source; ValueError when its header is not as it should be."""
    header, _, body = source.partition("]]\n")
    if not header.startswith(f"--[[\n  {name}: "):
        raise ValueError(f"{name}.lua: the header must open with '{name}: …'")
    sections = _sections(header)
    for section in ("KEYS", "ARGV", "RETURNS", "ERRORS"):
        if section not in sections:
            raise ValueError(f"{name}.lua: the header has no {section}")
    keys = tuple(slot for slot, _ in sections["KEYS"])
    arguments = dict(sections["ARGV"])
    tail = next((slot for slot in arguments if slot.endswith("...")), None)
    if tail is not None:
        if tail != list(arguments)[-1]:
            raise ValueError(f"{name}.lua: {tail} must be the last argument")
        del arguments[tail]
    unknown = set(arguments.values()) - type_names
    if unknown:
        raise ValueError(f"{name}.lua: unknown types {sorted(unknown)}")
    tail = tail.removesuffix("...") if tail else None
    lines = [*_locals(keys, arguments, tail), *_expand(body, includes, []), _INCLUDE.sub("", body)]
    text = "\n".join(lines)
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(name, text, sha, keys, arguments, tail, tuple(code for code, _ in sections["ERRORS"]))


def _sections(header: str) -> dict[str, list[tuple[str, str]]]:
    sections: dict[str, list[tuple[str, str]]] = {}
    slots: list[tuple[str, str]] | None = None
    for line in header.splitlines():
        if title := _SECTION.match(line):
            slots = sections.setdefault(title[1], [])
        elif slots is not None and (slot := _SLOT.match(line)):
            slots.append((slot[1], slot[2]))
    return sections


def _locals(keys: tuple[str, ...], arguments: dict[str, str], tail: str | None) -> list[str]:
    lines = [f"local {name} = KEYS[{i}]" for i, name in enumerate(keys, 1)]
    for i, (name, kind) in enumerate(arguments.items(), 1):
        value = {"str": f"ARGV[{i}]", "bool": f"ARGV[{i}] == '1'"}.get(kind, f"tonumber(ARGV[{i}])")
        lines.append(f"local {name} = {value}")
    if tail is not None:
        first = len(arguments) + 1
        lines.append(f"local {tail} = {{}}")
        lines.append(f"for i = {first}, #ARGV do {tail}[i - {first - 1}] = ARGV[i] end")
    return lines


def _expand(body: str, includes: Traversable, seen: list[str]) -> list[str]:
    """The included sources in order, each once, each before what includes it."""
    parts: list[str] = []
    for name in _INCLUDE.findall(body):
        if name not in seen:
            seen.append(name)
            source = (includes / f"{name}.lua").read_text()
            parts.extend(_expand(source, includes, seen))
            parts.append(_INCLUDE.sub("", source))
    return parts
