"""What Sentinels say for a moment comes from a scripted server; what real ones do is in tests/scenarios."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from nsredis.registry import sentinel as module
from nsredis.registry.link import open_link
from nsredis.registry.primary import NoPrimary
from nsredis.registry.sentinel import SentinelFinder
from tests.conftest import OwnStore
from tests.support.flicker import within
from tests.support.ports import free_port
from tests.support.resp_server import Answer, RespServer, texts

UNKNOWN = b"-ERR No such master with that name\r\n"


def says(port: int, epoch: int) -> Answer:
    """A Sentinel that knows a primary at this port since this epoch."""

    def answer(words: list[str]) -> bytes:
        assert words[2] == "m"
        if words[1] == "GET-MASTER-ADDR-BY-NAME":
            return texts("127.0.0.1", str(port))
        return texts("name", "m", "config-epoch", str(epoch))

    return answer


@asynccontextmanager
async def finding(*answers: Answer | None) -> AsyncIterator[tuple[SentinelFinder, list[RespServer]]]:
    """A finder of Sentinels that answer so; None: nobody listens."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(RespServer(answer)) for answer in answers if answer is not None]
        ports = iter([server.port for server in servers])
        hosts = ",".join(f"127.0.0.1:{free_port() if answer is None else next(ports)}" for answer in answers)
        link = open_link(f"redis+sentinel://{hosts}/m?protocol=2", "ns")
        assert isinstance(link.finder, SentinelFinder)
        try:
            yield link.finder, servers
        finally:
            await link.close()


async def test_the_newest_configuration_is_believed() -> None:
    async with finding(says(1, 7), says(2, 8)) as (finder, _):
        assert await finder.find() == ("127.0.0.1", 2)
    async with finding(says(2, 8), says(1, 7)) as (finder, _):
        assert await finder.find() == ("127.0.0.1", 2)


async def test_an_older_configuration_is_not_gone_back_to_unless_all_have_it() -> None:
    async with finding(says(2, 8), says(1, 7), says(1, 7)) as (finder, (newest, *_)):
        newest.answer = lambda _: None
        assert await finder.find() == ("127.0.0.1", 1)
        newest.answer = says(2, 8)
        async with asyncio.timeout(5):
            while await finder.find() != ("127.0.0.1", 2):  # two of three may answer first
                pass
        newest.answer = lambda _: None
        assert await finder.find() == ("127.0.0.1", 2)
        newest.answer = says(1, 7)
        assert await finder.find() == ("127.0.0.1", 1)  # the Sentinels were set up anew


async def test_most_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 5.0)
    async with finding(lambda _: None, says(1, 1), says(1, 1)) as (finder, _), within(1):
        assert await finder.find() == ("127.0.0.1", 1)


async def test_one_of_three_is_enough_when_no_other_answers() -> None:
    async with finding(lambda _: None, None, says(1, 1)) as (finder, _):
        assert await finder.find() == ("127.0.0.1", 1)


async def test_who_may_not_ask_for_the_epoch_has_the_address() -> None:
    def answer(words: list[str]) -> bytes | None:
        return says(1, 1)(words) if words[1] != "MASTER" else b"-NOPERM no permissions\r\n"

    async with finding(answer) as (finder, _):
        assert await finder.find() == ("127.0.0.1", 1)


async def test_while_no_sentinel_answers_the_last_place_stands() -> None:
    async with finding(says(1, 1)) as (finder, (server,)):
        await finder.find()
        server.answer = lambda _: None
        assert await finder.find() == ("127.0.0.1", 1)


@pytest.mark.parametrize(("reply", "words"), [(UNKNOWN, "No such master"), (b"*-1\r\n", "no such primary")])
async def test_a_name_that_no_sentinel_knows_is_said(reply: bytes, words: str) -> None:
    async with finding(lambda _: reply) as (finder, _):
        with pytest.raises(NoPrimary, match=f"where the primary m is: .*{words}"):
            await finder.find()


async def test_no_sentinel_at_all_is_said() -> None:
    async with finding(None) as (finder, _):
        with pytest.raises(NoPrimary, match="no Sentinel tells"):
            await finder.find()


async def test_a_place_that_is_a_replica_is_not_taken(own_store: OwnStore) -> None:
    primary = own_store()
    replica = own_store(config={"replicaof": f"127.0.0.1 {primary.port}"})
    async with RespServer(says(replica.port, 1)) as server:
        link = open_link(f"redis+sentinel://127.0.0.1:{server.port}/m/3", "ns")
        with pytest.raises(NoPrimary, match="is a replica"):
            await link.execute("PING")
        server.answer = says(primary.port, 2)
        assert await link.execute("SET", "x", "1")
        assert link.database == 3
        assert b"db=3 " in await link.execute("CLIENT", "INFO")
        await link.close()
