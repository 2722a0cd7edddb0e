"""Where in a Redis Cluster the primary of our slot is.

All keys of a namespace lie in one slot, so a plain connection to that slot's owner is all that a node needs: scripts,
streams and keyspace notifications are there and nowhere else.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import AskError, MovedError, RedisError, ResponseError, TryAgainError

from nsredis.registry.primary import NoPrimary, Searcher
from nsredis.registry.store_url import Place

ANSWER_S: Final = 0.5
"""Bound of one look: a member that takes longer counts as away."""

ASKED_AT_ONCE: Final = 6
MEMBERS_EVERY: Final = 10
"""Every so many looks the list of members is read."""

Open = Callable[[Place], Redis]


class ClusterFinder(Searcher):
    """Asks some members for a key of ours: whoever does not own it says who does.

    The members of the URL are where it starts; the others are learned from CLUSTER SLOTS, where the user may ask that.
    """

    def __init__(self, key: str, seeds: Sequence[Place], open_member: Open) -> None:
        super().__init__()
        self._key = key
        self._seeds = list(seeds)
        self._members: list[Place] = []
        self._open = open_member
        self._clients: dict[Place, Redis] = {}
        self._looks = 0

    async def look(self) -> Place:
        """Where the owner is, as most of those who were asked say."""
        asked = {place: asyncio.create_task(self._ask(place)) for place in self._to_ask()}
        try:
            await asyncio.wait(asked.values(), timeout=ANSWER_S)
        finally:
            for task in asked.values():
                task.cancel()
            said = dict(zip(asked, await asyncio.gather(*asked.values(), return_exceptions=True), strict=True))
        found = elect({place: owner for place, owner in said.items() if isinstance(owner, tuple)}, self.place)
        if found is None:
            errors = [error for error in said.values() if isinstance(error, RedisError | OSError)]
            errors.sort(key=lambda error: not isinstance(error, ResponseError))  # those who answered say more
            why = str(errors[0]) if errors else "no answer in time"
            raise NoPrimary(f"no member of the cluster tells who owns our slot: {why}")
        if self._looks % MEMBERS_EVERY == 0:
            await self._learn(found)
        self._looks += 1
        return found

    def _to_ask(self) -> list[Place]:
        others = list(dict.fromkeys([*self._seeds, *self._members]))
        others = random.sample(others, min(len(others), ASKED_AT_ONCE))
        return list(dict.fromkeys([self.place, *others] if self.place is not None else others))

    async def _ask(self, place: Place) -> Place:
        """Who owns our slot, as this member says; the place that was asked when it does itself."""
        try:
            await self._client(place).execute_command("EXISTS", self._key)  # type: ignore[no-untyped-call]
        except MovedError as moved:
            return place[0] if moved.host in ("", "?") else moved.host, moved.port  # it may not know its peer's name
        except (AskError, TryAgainError):
            return place  # while a slot moves, the old owner is the owner
        return place

    async def _learn(self, place: Place) -> None:
        """Read who is in the cluster."""
        try:
            async with asyncio.timeout(ANSWER_S):
                slots = await self._client(place).execute_command("CLUSTER", "SLOTS")  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError):
            return
        self._members = [
            (host.decode() if host else place[0], int(port)) for _, _, *members in slots for host, port, *_ in members
        ]
        for gone in self._clients.keys() - {*self._seeds, *self._members, place}:
            await _close(self._clients.pop(gone))

    def _client(self, place: Place) -> Redis:
        if place not in self._clients:
            self._clients[place] = self._open(place)
        return self._clients[place]

    async def close(self) -> None:
        """Close the connections to the members."""
        await super().close()
        for client in self._clients.values():
            await _close(client)


def elect(said: Mapping[Place, Place], present: Place | None) -> Place | None:
    """The owner, from what members say (who was asked -> who owns the slot).

    A member that names itself is believed after the others: it may be cut off from them, and the name by which we asked
    it need not be the one that the others know.
    """
    votes = Counter(owner for asked, owner in said.items() if owner != asked)
    owners = [asked for asked, owner in said.items() if owner == asked]
    for owner in owners:
        if owner in votes:
            votes[owner] += 1
    if votes:
        return votes.most_common(1)[0][0]
    if present in owners:
        return present
    return owners[0] if owners else None


async def _close(client: Redis) -> None:
    with suppress(RedisError, OSError):
        await client.aclose(close_connection_pool=True)
