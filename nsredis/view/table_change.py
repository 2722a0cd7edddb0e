"""The difference between two tables of a group, worked out aside in slices so that the loop never stalls."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from nsredis.registry.tables import Delta, Table

SLICE: Final = 2000
"""Topics looked at between two turns of the loop: about a millisecond."""


@dataclass(frozen=True, slots=True)
class TableChange:
    """A group's next table with what it changes. `added`, `removed` and `altered` are topics."""

    name: str
    table: Table | None
    added: Sequence[str]
    removed: Sequence[str]
    altered: Sequence[str]


async def compare(name: str, old: Table | None, new: Table | None) -> TableChange:
    """What changes from `old` to `new`; None stands for no table."""
    before = old.topics if old is not None else {}
    after = new.topics if new is not None else {}
    if not before:
        await asyncio.sleep(0)  # it has just been decoded, and where all is read there is one after another
        return TableChange(name, new, list(after), [], [])
    old_mappings = old.mappings if old is not None else {}
    new_mappings = new.mappings if new is not None else {}
    mapped = old_mappings != new_mappings
    added: list[str] = []
    altered: list[str] = []
    topics = iter(after.items())
    while part := list(islice(topics, SLICE)):
        for topic, queues in part:
            known = before.get(topic)
            if known is None:
                added.append(topic)
            elif known != queues or (mapped and new_mappings.get(topic) != old_mappings.get(topic)):
                altered.append(topic)
        await asyncio.sleep(0)
    removed = [topic for topic in before if topic not in after] if len(before) + len(added) > len(after) else []
    return TableChange(name, new, added, removed, altered)


def by_delta(name: str, old: Table, delta: Delta, version: int) -> TableChange:
    """The change that a stream entry carries, applied to the version that it was made from."""
    topics = dict(old.topics)
    added = [topic for topic in delta.put if topic not in topics]
    altered = [topic for topic in delta.put if topic in topics]
    removed = [topic for topic in delta.drop if topic in topics]
    topics.update(delta.put)
    for topic in removed:
        del topics[topic]
    return TableChange(name, Table(version, topics, old.deleted, delta.body, old.mappings), added, removed, altered)
