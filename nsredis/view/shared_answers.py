"""Routes of topics that have nothing of their own, shared by all with the same offers: few, for many topics."""

from typing import Final

from nsredis.core.queues import QueueData
from nsredis.view.answers import Answer

Offered = tuple[tuple[str, QueueData], ...]
"""For one topic: which groups offer it, sorted by name, and what each offers."""

MOST_BYTES: Final = 16 << 20
"""Of bodies and offers: a topic that changes again and again leaves those that it had."""

_EACH_OFFER: Final = 64


class SharedAnswers:
    """Good until a group or a setting changes. Once it is full, it begins anew: nothing but sharing is lost."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._by_offers: dict[Offered, Answer] = {}

    def of(self, offered: Offered) -> Answer | None:
        """The route of topics with these offers, if one was kept."""
        return self._by_offers.get(offered)

    def keep(self, offered: Offered, answer: Answer) -> None:
        """From now on topics with these offers have this route."""
        size = len(answer.body) + _EACH_OFFER * len(offered)
        if self._bytes + size > self._most:
            self.clear()
        self._by_offers[offered] = answer
        self._bytes += size

    def clear(self) -> None:
        """Forget them all."""
        self._by_offers.clear()
        self._bytes = 0
