"""What members say for a moment comes from a scripted server; what real ones do is in tests/scenarios."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis.exceptions import MovedError

from nsredis.registry.cluster import ClusterFinder, elect
from nsredis.registry.link import open_link
from nsredis.registry.primary import NoPrimary
from tests.support.resp_server import Answer, RespServer

A, B, C = ("a", 1), ("b", 2), ("c", 3)


def test_most_votes_win() -> None:
    assert elect({A: B, C: B}, None) == B
    assert elect({A: B, B: B, C: A}, None) == B  # C has not heard yet that the slot went from A to B


def test_a_member_that_names_itself_is_believed_after_the_others() -> None:
    assert elect({A: A, C: B}, A) == B
    assert elect({A: A, B: B}, B) == B
    assert elect({A: A}, None) == A
    assert elect({}, A) is None


def replies(line: str) -> Answer:
    """A member that says this of every key, and does not let us ask who is in the cluster."""
    return lambda words: b"-NOPERM no\r\n" if words[0] == "CLUSTER" else f"{line}\r\n".encode()


def moved(place: str) -> Answer:
    return replies(f"-MOVED 5 {place}")


owns = replies(":1")


@asynccontextmanager
async def finding(*answers: Answer) -> AsyncIterator[tuple[ClusterFinder, list[RespServer]]]:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(RespServer(answer)) for answer in answers]
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
        link = open_link(f"redis+cluster://{hosts}?protocol=2", "ns")
        assert isinstance(link.finder, ClusterFinder)
        try:
            yield link.finder, servers
        finally:
            await link.close()


async def test_a_member_is_asked_for_a_key_of_the_namespace_and_names_the_owner() -> None:
    async with finding(moved("127.0.0.9:1")) as (finder, (server,)):
        assert await finder.find() == ("127.0.0.9", 1)
        assert server.heard[0] == ["EXISTS", "nsr:{ns}:schema"]


@pytest.mark.parametrize("unknown", ["", "?"])
async def test_a_name_that_is_not_known_is_the_hosts_that_was_asked(unknown: str) -> None:
    async with finding(moved(f"{unknown}:1")) as (finder, _):
        assert await finder.find() == ("127.0.0.1", 1)


@pytest.mark.parametrize("reply", [":0", "-ASK 5 127.0.0.9:1", "-TRYAGAIN later"])
async def test_while_a_slot_moves_its_old_owner_owns_it(reply: str) -> None:
    async with finding(replies(reply)) as (finder, (server,)):
        assert await finder.find() == ("127.0.0.1", server.port)


async def test_members_that_say_nothing_or_are_cut_off_are_passed_over() -> None:
    down = replies("-CLUSTERDOWN The cluster is down")
    async with finding(lambda _: None, down, moved("127.0.0.9:1")) as (finder, (_, cut_off, last)):
        assert await finder.find() == ("127.0.0.9", 1)
        last.answer = down
        with pytest.raises(NoPrimary, match="The cluster is down"):
            await finder.find()
        assert cut_off.heard


async def test_the_other_members_are_learned() -> None:
    async with RespServer(owns) as owner, RespServer(moved("127.0.0.9:1")) as replica:
        slots = f"*1\r\n*4\r\n:0\r\n:9\r\n*2\r\n$9\r\n127.0.0.1\r\n:{owner.port}\r\n*2\r\n$0\r\n\r\n:{replica.port}\r\n"

        def seed(words: list[str]) -> bytes | None:
            return slots.encode() if words[0] == "CLUSTER" else owns(words)

        async with finding(seed) as (finder, _):
            await finder.find()
            assert await finder.find() == ("127.0.0.9", 1)  # two that own it, and one that was learned votes
            assert owner.heard
            assert replica.heard


async def test_the_owner_is_connected_to_and_left_when_it_is_none_any_more() -> None:
    async with RespServer(owns) as first, RespServer(owns) as second, RespServer(owns) as seed:
        seed.answer = moved(f"127.0.0.1:{first.port}")
        link = open_link(f"redis+cluster://127.0.0.1:{seed.port}?protocol=2", "ns")
        assert await link.execute("DBSIZE") == 1
        assert ["DBSIZE"] in first.heard
        first.answer = seed.answer = moved(f"127.0.0.1:{second.port}")
        with pytest.raises(MovedError):
            await link.execute("EXISTS", "x")
        assert link.finder.generation == 1
        assert await link.execute("DBSIZE") == 1
        assert ["DBSIZE"] in second.heard
        await link.close()
