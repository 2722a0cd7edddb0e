"""Pages of a sorted list. A cursor is the key of the last item, so that changes in between lose and repeat nothing."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from nsredis.core.errors import InvalidField

T = TypeVar("T")
Key = str | tuple[str, str, int]


def page(
    items: Sequence[T], key: Callable[[T], Key], *, limit: int, cursor: str, kind: type[Key] | object = str
) -> tuple[list[T], str | None]:
    """At most `limit` of the items (sorted by `key`, of type `kind`) after the cursor, and the next page's cursor.

    InvalidField when the cursor is none of ours.
    """
    rest = items
    if cursor:
        after = _parse(cursor, kind)
        low, high = 0, len(items)
        while low < high:
            middle = (low + high) // 2
            if key(items[middle]) > after:  # type: ignore[operator]  # keys of one list are of one kind
                high = middle
            else:
                low = middle + 1
        rest = items[low:]
    found = list(rest[:limit])
    more = len(rest) > limit
    return found, _text(key(found[-1])) if more else None


def _text(key: Key) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _parse(cursor: str, kind: object) -> Key:
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key: Key = msgspec.json.decode(raw, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise InvalidField("cursor", "must be the `next` of the page before") from None
    return key
