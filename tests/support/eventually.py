"""Waiting for a thing, never for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], within_s: float = 5.0, *, what: str = "", every_s: float = 0.01
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T], within_s: float = 5.0, *, what: str = "", every_s: float = 0.01
) -> T: ...


async def eventually(
    condition: Callable[[], T | Awaitable[T]], within_s: float = 5.0, *, what: str = "", every_s: float = 0.01
) -> T:
    """Poll `condition` (a function, async or not) until it is true, and return what it returned.

    An AssertionError inside it means "not yet". After `within_s` seconds it fails with `what`, or with
    the condition's own source.
    """
    deadline = time.monotonic() + within_s
    while True:
        problem: object
        try:
            outcome = condition()
            value = await outcome if inspect.isawaitable(outcome) else outcome
        except AssertionError as error:
            problem = error
        else:
            if value:
                return value
            problem = repr(value)
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or _words(condition)}; last seen: {problem}")
        await asyncio.sleep(every_s)


def _words(condition: Callable[[], object]) -> str:
    try:
        return inspect.getsource(condition).strip()
    except (OSError, TypeError):
        return repr(condition)
