"""Whether topics are the same objects, as those of all tables are to be."""

from collections.abc import Mapping
from operator import is_

from nsredis.core.queues import QueueData


def are_shared(one: Mapping[str, QueueData], other: Mapping[str, QueueData]) -> bool:
    """Whether both have the same topics, and names and queue data are kept once."""
    return one == other and all(map(is_, one, other)) and all(map(is_, one.values(), other.values()))
