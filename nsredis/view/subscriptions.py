"""Who waits for what: each reader learns which of its scopes changed, never how often, so nothing piles up.

Scopes: `topic:<topic>`, `topics`, `brokers`, `clusters`, `kv` (any key), `kv:<namespace>`, `settings`, `brakes`.
"""

import asyncio
from collections.abc import Iterable


class Subscription:
    """One reader's scopes. `wait` tells what changed since it was last called; a change between two calls is kept."""

    def __init__(self, owner: "Subscriptions", scopes: frozenset[str]) -> None:
        self.scopes = scopes
        self._owner = owner
        self._dirty: set[str] = set()
        self._changed = asyncio.Event()

    def mark(self, keys: Iterable[str]) -> None:
        """Note changed keys and wake the reader."""
        self._dirty.update(keys)
        self._changed.set()

    async def wait(self, timeout_s: float) -> set[str]:
        """The changed keys since the last call, as soon as there are any; an empty set after `timeout_s` seconds."""
        if not self._dirty:
            try:
                async with asyncio.timeout(timeout_s):
                    await self._changed.wait()
            except TimeoutError:
                return set()
        self._changed.clear()
        dirty, self._dirty = self._dirty, set()
        return dirty

    def close(self) -> None:
        """Hear of nothing any more."""
        self._owner.remove(self)


class Subscriptions:
    """All readers of one view. For one event loop."""

    def __init__(self) -> None:
        self._by_scope: dict[str, set[Subscription]] = {}

    def subscribe(self, scopes: Iterable[str]) -> Subscription:
        """A new reader of these scopes; close it when done."""
        subscription = Subscription(self, frozenset(scopes))
        for scope in subscription.scopes:
            self._by_scope.setdefault(scope, set()).add(subscription)
        return subscription

    def remove(self, subscription: Subscription) -> None:
        """Forget a reader."""
        for scope in subscription.scopes:
            readers = self._by_scope.get(scope)
            if readers is not None:
                readers.discard(subscription)
                if not readers:
                    del self._by_scope[scope]

    def count(self) -> int:
        """How many readers there are."""
        return len({reader for readers in self._by_scope.values() for reader in readers})

    def mark(self, scope: str, keys: Iterable[str] | None = None) -> None:
        """A scope changed; `keys` says more closely what, where readers want to know."""
        for reader in self._by_scope.get(scope, ()):
            reader.mark(keys if keys is not None else (scope,))

    def mark_topics(self, topics: Iterable[Iterable[str]]) -> None:
        """Routes of all these topics changed."""
        if any(scope.startswith("topic:") for scope in self._by_scope):
            for topic in set().union(*topics):
                self.mark(f"topic:{topic}")

    def mark_all(self) -> None:
        """Everything may have changed."""
        for scope, readers in self._by_scope.items():
            for reader in readers:
                reader.mark((scope,))
