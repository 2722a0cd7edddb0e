"""What many readers ask for again and again, made once per revision."""

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from aiohttp import web

KEPT: Final = 1024

T = TypeVar("T")


class RevisionMemo:
    """Answers of one position of the view (its revision and tag). For one event loop."""

    def __init__(self) -> None:
        self._position: object = None
        self._made: dict[Hashable, Any] = {}

    def get(self, position: object, key: Hashable, build: Callable[[], T]) -> T:
        """What `build` gives, remembered until `position` is another one."""
        if position != self._position or len(self._made) >= KEPT:
            self._made.clear()
            self._position = position
        made: T | None = self._made.get(key)
        if made is None:
            made = self._made[key] = build()
        return made


MEMO: Final = web.AppKey("memo", RevisionMemo)
