"""What groups offered and no longer do, as far as this node saw it: for people who ask why, never for a route.

The store forgets a group's topics with its last broker, and a topic with the registration that no longer lists it.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from nsredis.registry.tables import Table

LIMIT: Final = 200_000
"""Topics remembered of groups that left, and as many of those that dropped some; the oldest go first."""


class FormerOffers:
    """The last tables of groups that left, and the topics that groups dropped. Bounded; written by the view only."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.since_revision = 0
        self.since_ms = 0
        self._limit = limit
        self._seen_from = 0
        self._tables: dict[str, Table] = {}
        self._held = 0
        self._forgot = False
        self._dropped: dict[str, dict[str, int]] = {}

    # What happens -------------------------------------------------------------------------------------------------

    def begin(self, revision: int, at_ms: int) -> None:
        """This node holds a view, and so sees what changes, from here on."""
        self.since_revision = self._seen_from = revision
        self.since_ms = at_ms

    def changed(self, name: str, old: Table | None, new: Table | None, removed: Iterable[str]) -> None:
        """A group's table is another one."""
        if new is None:
            if old is not None:
                self._left(name, old)
            return
        gone = self._tables.pop(name, None)
        if gone is not None:
            self._held -= len(gone.topics)
            removed = gone.topics.keys() - new.topics.keys()
        for topic in removed:
            # Set anew, so that the oldest stand first.
            self._dropped[topic] = {**self._dropped.pop(topic, {}), name: new.version}
        while len(self._dropped) > self._limit:
            del self._dropped[next(iter(self._dropped))]

    def offered_again(self, name: str, topics: Iterable[str]) -> None:
        """A group lists these topics now."""
        if not self._dropped:
            return
        for topic in topics:
            groups = self._dropped.get(topic)
            if groups is not None and groups.pop(name, None) is not None and not groups:
                del self._dropped[topic]

    def reloaded(self, old: Mapping[str, Table], new: Mapping[str, Table], revision: int) -> None:
        """All tables were read anew: who left and who came back meanwhile. What came and went meanwhile goes unseen."""
        self._seen_from = revision
        for name, table in old.items():
            if name not in new:
                self._left(name, table)
        for name in [name for name in self._tables if name in new]:
            self.changed(name, None, new[name], ())

    def _left(self, name: str, table: Table) -> None:
        self._tables[name] = table  # whose group is not there twice: it was taken out when the group came
        self._held += len(table.topics)
        while self._held > self._limit:
            self._forgot = True
            self._held -= len(self._tables.pop(next(iter(self._tables))).topics)

    # Questions ----------------------------------------------------------------------------------------------------

    def knows(self, name: str, left_at: int) -> bool:
        """Whether it is known what a group offered that left with the revision `left_at`."""
        return name in self._tables or (left_at > self._seen_from and not self._forgot)

    def last_tables(self, topic: str) -> dict[str, Table]:
        """The last tables of those groups that left and listed this topic, or had it deleted; latest last."""
        return {name: table for name, table in self._tables.items() if topic in table.topics or topic in table.deleted}

    def dropped(self, topic: str) -> Mapping[str, int]:
        """Groups that no longer list the topic, with the revision of the first table seen without it."""
        return self._dropped.get(topic, {})
