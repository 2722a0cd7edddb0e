"""What the blobs say that this process wrote itself: they come back with the next look at the store."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from nsredis.core.queues import QueueData

Content = tuple[Mapping[str, QueueData], dict[str, str]]
"""Topics and mappings."""

MOST_TOPICS: Final = 100_000
"""In all blobs that are kept: some never come back, since another write comes in between."""


class _Kept(NamedTuple):
    content: Content
    times: int


class WrittenBlobs:
    """Blobs by their bytes, so that what is found is what decoding would give; each as often as it was written."""

    def __init__(self, most_topics: int = MOST_TOPICS) -> None:
        self._most = most_topics
        self._topics = 0
        self._kept: dict[bytes, _Kept] = {}

    def keep(self, blob: bytes, content: Content) -> None:
        """That is what a blob says that is being written. Names and queue data are to be shared ones."""
        known = self._pop(blob)
        if len(content[0]) <= self._most:
            self._put(blob, _Kept(content, known.times + 1 if known else 1))
        while self._topics > self._most:
            self._pop(next(iter(self._kept)))

    def take(self, blob: bytes) -> Content | None:
        """What a blob says that has come back, unless somebody else wrote it or it was let go."""
        known = self._pop(blob)
        if known is None:
            return None
        if known.times > 1:
            self._put(blob, _Kept(known.content, known.times - 1))
        return known.content

    def _put(self, blob: bytes, kept: _Kept) -> None:
        self._kept[blob] = kept
        self._topics += len(kept.content[0])

    def _pop(self, blob: bytes) -> _Kept | None:
        kept = self._kept.pop(blob, None)
        if kept is not None:
            self._topics -= len(kept.content[0])
        return kept
