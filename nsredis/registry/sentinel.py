"""Where Sentinels say that the primary is."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from nsredis.registry.primary import NoPrimary, Searcher, mapping
from nsredis.registry.store_url import Place

ANSWER_S: Final = 0.5
"""Bound of one look: a Sentinel that takes longer counts as away."""

Answer = tuple[int, Place]
"""The configuration's epoch, and the primary in it."""


class SentinelFinder(Searcher):
    """Asks all Sentinels at once and believes the one with the newest configuration, once most have answered.

    The client library asks one after another and believes the first; that may be one that was cut off from the others.
    """

    def __init__(self, master: str, sentinels: Sequence[Redis]) -> None:
        super().__init__()
        self._master = master
        self._sentinels = sentinels
        self._epoch = 0
        """Of the place that was believed last."""

    async def look(self) -> Place:
        """Where the primary is; the last place known while no Sentinel answers that has heard of it or of a newer."""
        asked = [asyncio.create_task(self._ask(sentinel)) for sentinel in self._sentinels]
        answers: list[Answer] = []
        refused: Exception | None = None
        try:
            async with asyncio.timeout(ANSWER_S):
                for answered in asyncio.as_completed(asked):
                    try:
                        answers.append(await answered)
                    except (RedisError, OSError) as error:
                        refused = error
                    if 2 * len(answers) > len(asked) and max(answers)[0] >= self._epoch:
                        break
        except TimeoutError:
            pass
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        if answers and (max(answers)[0] >= self._epoch or len(answers) == len(asked)):
            self._epoch, place = max(answers)
            return place
        if self.place is not None and not isinstance(refused, ResponseError):
            return self.place
        why = str(refused) if refused is not None else "no answer in time"
        raise NoPrimary(f"no Sentinel tells where the primary {self._master} is: {why}")

    async def _ask(self, sentinel: Redis) -> Answer:
        """What one Sentinel says. Two commands: only the first knows of a failover that is almost done, only the second
        tells the epoch."""
        async with sentinel.pipeline(transaction=False) as pipe:
            pipe.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._master)
            pipe.execute_command("SENTINEL", "MASTER", self._master)
            address, about = await pipe.execute(raise_on_error=False)
        if isinstance(address, Exception):
            raise address
        if address is None:
            raise NoPrimary("it knows no such primary")
        host, port = address
        return _epoch(about), (host.decode(), int(port))

    async def close(self) -> None:
        """Close the connections to the Sentinels."""
        await super().close()
        for sentinel in self._sentinels:
            with suppress(RedisError, OSError):
                await sentinel.aclose(close_connection_pool=True)


def _epoch(about: Any) -> int:
    """0 when a Sentinel does not let us ask for more than the address."""
    return 0 if isinstance(about, Exception) else int(mapping(about).get("config-epoch", "0"))
