"""How many connections there are, in total and by the address of their peers."""

from collections import Counter


class Caps:
    """Counts connections against two limits; 0 is no limit."""

    def __init__(self, connections: int, per_address: int) -> None:
        self._most = connections
        self._most_of_one = per_address
        self._count = 0
        self._by_host: Counter[str] = Counter()

    def take(self) -> "Place | None":
        """A place for one more connection; None when there is none left."""
        if self._most and self._count >= self._most:
            return None
        self._count += 1
        return Place(self)

    def _count_host(self, host: str) -> bool:
        if not self._most_of_one:
            return True
        if self._by_host[host] >= self._most_of_one:
            return False
        self._by_host[host] += 1
        return True

    def _leave(self, host: str | None) -> None:
        self._count -= 1
        if host is not None and self._most_of_one:
            self._by_host[host] -= 1
            if not self._by_host[host]:
                del self._by_host[host]


class Place:
    """One connection's place. Left once; leaving again does nothing."""

    __slots__ = ("_caps", "_host")

    def __init__(self, caps: Caps) -> None:
        self._caps: Caps | None = caps
        self._host: str | None = None

    def belongs_to(self, host: str) -> bool:
        """Count it for that address; False when that address has too many."""
        assert self._caps is not None
        assert self._host is None
        if not self._caps._count_host(host):  # noqa: SLF001 - a place is a part of its caps
            return False
        self._host = host
        return True

    def leave(self) -> None:
        """Free the place."""
        caps, self._caps = self._caps, None
        if caps is not None:
            caps._leave(self._host)  # noqa: SLF001
