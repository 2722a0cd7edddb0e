"""Bodies of registrations as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nsredis.core.queues import QueueData


@dataclass(frozen=True)
class PlainBody:
    """Topics that are decoded already, under a digest of the test's choice."""

    topics: dict[str, QueueData] = field(default_factory=dict)
    digest: str = "d1"
    mapped: dict[str, str] = field(default_factory=dict)

    def decode(self, known: Mapping[str, QueueData]) -> dict[str, QueueData]:
        return dict(self.topics)

    def mappings(self) -> dict[str, str]:
        return dict(self.mapped)
