"""Names that somebody may have meant: found among a hundred thousand without holding up the event loop."""

import asyncio
import string
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher, get_close_matches
from itertools import islice
from typing import Final

SHOWN: Final = 5
LONGEST: Final = 127
"""Names longer than a topic may be are compared with nothing."""

SLICE: Final = 5000
"""Names looked at between two turns of the loop: about a millisecond."""

COMPARED: Final = 500
"""So many names are compared closely, and so few of them between two turns of the loop."""
COMPARED_SLICE: Final = 50

_ALPHABET: Final = string.ascii_letters + string.digits + "%|_-"


async def similar(name: str, known: Collection[str]) -> list[str]:
    """At most five of the known names, the most similar first."""
    if not 0 < len(name) <= LONGEST:
        return []
    found = await _one_slip_away(name, known)
    found |= await _resembling(name, list(known))
    found.discard(name)
    scored = [(SequenceMatcher(None, name.lower(), other.lower()).ratio(), other) for other in sorted(found)]
    return [other for _, other in sorted(scored, key=lambda pair: -pair[0])[:SHOWN]]


async def _one_slip_away(name: str, known: Collection[str]) -> set[str]:
    """Looked up one by one, so it costs the same among however many."""
    found: set[str] = set()
    slips = _slips(name)
    while some := list(islice(slips, SLICE)):
        found.update(slip for slip in some if slip in known)
        await asyncio.sleep(0)
    return found


def _slips(name: str) -> Iterator[str]:
    """Every name that is one letter away: missing, too many, another one, or two of them swapped."""
    for i in range(len(name) + 1):
        head, tail = name[:i], name[i:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _ALPHABET:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]


async def _resembling(name: str, names: list[str]) -> set[str]:
    """Names of about this length that begin or end alike, whatever their case, and are close as a whole."""
    lowered, part = name.lower(), max(2, len(name) // 3)
    begin, end = lowered[:part], lowered[-part:]
    lengths = range(len(name) - 2, len(name) + 3)
    found: set[str] = set()
    near: dict[str, str] = {}
    for start in range(0, len(names), SLICE):
        for other in names[start : start + SLICE]:
            if len(other) not in lengths:
                continue
            low = other.lower()
            if low == lowered:
                found.add(other)
            elif len(near) < COMPARED and (low.startswith(begin) or low.endswith(end)):
                near[other] = low
        await asyncio.sleep(0)
    candidates = iter(near.items())
    while some := dict(islice(candidates, COMPARED_SLICE)):
        close = set(get_close_matches(lowered, some.values(), SHOWN, 0.75))
        found |= {other for other, low in some.items() if low in close}
        await asyncio.sleep(0)
    return found
