import asyncio

import pytest
from redis.asyncio.connection import Connection

from nsredis.registry import primary as module
from nsredis.registry.cancellation import end_task
from nsredis.registry.primary import Finder, Greeting, NoPrimary, Searcher, ToPrimary, mapping
from nsredis.registry.store_url import Place
from tests.support.eventually import eventually

HERE, THERE = ("here", 1), ("there", 2)


GREETING = Greeting("valkey", "9.1", "standalone", "master")


class Told(Searcher):
    """Finds what it is told, or raises it."""

    def __init__(self, *finds: Place | Exception) -> None:
        super().__init__()
        self.finds = list(finds)
        self.looks = 0
        self.moves = 0
        self.on_move(self._count)

    def _count(self) -> None:
        self.moves += 1

    async def look(self) -> Place:
        await asyncio.sleep(0.01)
        self.looks += 1
        found = self.finds.pop(0) if len(self.finds) > 1 else self.finds[0]
        if isinstance(found, Exception):
            raise found
        return found


async def test_the_place_of_the_url_is_never_looked_for() -> None:
    assert await Finder().find() is None


async def test_those_who_ask_together_share_a_look() -> None:
    finder = Told(HERE)
    assert await asyncio.gather(*[finder.find() for _ in range(9)]) == [HERE] * 9
    assert finder.looks == 1
    assert await finder.find() == HERE
    assert (finder.looks, finder.moves, finder.generation) == (2, 0, 0)


async def test_another_place_makes_connections_stale() -> None:
    finder = Told(HERE, THERE)
    await finder.find()
    finder.reached(GREETING)
    assert await finder.find() == THERE
    assert (finder.moves, finder.generation) == (0, 1)
    finder.reached(GREETING)
    finder.reached(GREETING)
    assert finder.moves == 1


async def test_who_gives_up_does_not_end_the_look_of_others() -> None:
    finder = Told(NoPrimary("none"), HERE)
    impatient = asyncio.create_task(finder.find())
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(NoPrimary):
        await finder.find()
    assert await finder.find() == HERE


async def test_doubt_counts_once_and_only_about_the_present_primary() -> None:
    finder = Told(HERE)
    finder.reached(GREETING)
    finder.doubt(0, "READONLY")
    finder.doubt(0, "READONLY, from a second connection")
    finder.doubt(1, "a replica, from a new one")
    assert (finder.generation, finder.moves) == (1, 0)
    finder.reached(GREETING)
    finder.doubt(0, "READONLY, from a third one")
    assert (finder.generation, finder.moves) == (1, 1)


async def test_a_new_place_is_noticed_without_any_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    finder = Told(HERE, NoPrimary("none"), THERE)
    task = asyncio.create_task(finder.watch())
    await eventually(lambda: finder.place == THERE)
    await end_task(task)
    await finder.close()


def test_both_forms_of_a_map_are_read() -> None:
    expected = {"role": "master", "version": "9"}
    assert mapping({b"role": b"master", b"version": b"9", b"modules": [], b"proto": 3}) == expected
    assert mapping([b"role", b"master", b"version", b"9", b"modules", [], b"proto", 2]) == expected


@pytest.mark.parametrize(
    "command",
    [
        ["PING"],
        ["SCRIPT LOAD", "return 1"],
        ["EVALSHA", "0" * 40, 2, "a key", "ключ", b"\x00\xff", "", 0, -7, 1 << 40],
        ["SET", "k", b"x" * 100_000],
    ],
)
def test_commands_are_packed_as_redis_py_packs_them(command: list[str | bytes | int]) -> None:
    ours, theirs = ToPrimary(finder=Finder()), Connection()
    assert b"".join(ours.pack_command(*command)) == b"".join(theirs.pack_command(*command))
    assert b"".join(ours.pack_commands([command] * 3)) == b"".join(theirs.pack_commands([command] * 3))
