"""Queue data: what a broker group offers for one topic."""

import sys
from collections.abc import Mapping
from typing import Final, NamedTuple

from nsredis.core.errors import InvalidField

WRITE: Final = 2
READ: Final = 4
ALL_PERMS: Final = 15
"""Inherit 1, write 2, read 4, priority 8."""
MAX_QUEUES: Final = 65536


class QueueData(NamedTuple):
    """RocketMQ's QueueData without the broker's name, which the row's place gives."""

    read_queue_nums: int = 8
    write_queue_nums: int = 8
    perm: int = 6
    topic_sys_flag: int = 0

    def masked(self, perm: int) -> "QueueData":
        """The same queues with no more than the permission bits `perm`."""
        return self if self.perm & perm == self.perm else self._replace(perm=self.perm & perm)


_interned: dict[QueueData, QueueData] = {}
_INTERNED_MAX: Final = 65536


def intern(queues: QueueData) -> QueueData:
    """One shared object for equal queue data: a million rows hold few distinct values."""
    known = _interned.get(queues)
    if known is None:
        if len(_interned) >= _INTERNED_MAX:
            _interned.clear()
        known = _interned[queues] = queues
    return known


def shared(topics: Mapping[str, QueueData]) -> dict[str, QueueData]:
    """The same topics, their names and queue data shared with all others that are equal."""
    known = {queues: intern(queues) for queues in set(topics.values())}
    return dict(zip(map(sys.intern, topics), map(known.__getitem__, topics.values()), strict=True))


def check_queues(field: str, queues: QueueData) -> QueueData:
    """The queue data itself when its numbers are in range; InvalidField otherwise."""
    for name, value, top in (
        ("readQueueNums", queues.read_queue_nums, MAX_QUEUES),
        ("writeQueueNums", queues.write_queue_nums, MAX_QUEUES),
        ("perm", queues.perm, ALL_PERMS),
        ("topicSysFlag", queues.topic_sys_flag, 2**31 - 1),
    ):
        if not 0 <= value <= top:
            raise InvalidField(f"{field}.{name}", f"must be from 0 to {top}")
    return queues
