"""Requests to compare name servers by, in the order in which they are sent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from nsredis.wire.codes import ONE_WAY_FLAG
from nsredis.wire.commands import Command, Serialization, encode

VERSION_5: Final = 493
VERSION_4: Final = 407


@dataclass(frozen=True)
class Step:
    """One request.

    `frame`: the bytes to send under an opaque. `alone`: it goes over a connection of its own, since it may break it.
    `settles`: what it does may be done after its answer, so that others wait for it. `about`: words that the table of
    allowed differences goes by.
    """

    name: str
    frame: Callable[[int], bytes]
    code: int = -1
    about: frozenset[str] = frozenset()
    one_way: bool = False
    alone: bool = False
    settles: bool = False


def request(
    code: int,
    name: str = "",
    *about: str,
    version: int = VERSION_5,
    form: Serialization = Serialization.JSON,
    flag: int = 0,
    body: bytes | None = None,
    ext: Mapping[str, str] | None = None,
    settles: bool = False,
) -> Step:
    """A well-formed request; `ext` None sends no parameters at all."""
    command = Command(
        code,
        flag=flag,
        version=version,
        ext=dict(ext) if ext is not None else None,
        body=body,
        serialization=form,
    )
    return Step(
        f"{int(code)} {name}".strip(),
        lambda opaque: encode(replace(command, opaque=opaque)),
        int(code),
        frozenset(about),
        one_way=bool(flag & ONE_WAY_FLAG),
        settles=settles,
    )


@dataclass(frozen=True)
class Story:
    """Steps that begin at an empty name server with some settings (RocketMQ's names; others keep their defaults)."""

    name: str
    steps: list[Step]
    settings: Mapping[str, bool] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def in_both_forms(make: Callable[[Serialization], Iterator[Step]], name: str, **settings: bool) -> list[Story]:
    """A story told with JSON headers, and again with binary ones."""
    return [Story(f"{name}-{form.name.lower()}", numbered(make(form)), settings) for form in Serialization]


def numbered(steps: Iterator[Step]) -> list[Step]:
    """Steps whose names tell their places."""
    return [replace(step, name=f"#{number} {step.name}") for number, step in enumerate(steps, 1)]
