"""The short way as the node's state and the time go on."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import pytest

from nsredis.core.brokers import Group
from nsredis.view.view import FRESH_MS
from tests.http_api.quick.both_ways import DATE, BothWays, comparable
from tests.http_api.quick.conftest import GET, Hits, filled
from tests.http_api.quick.test_short_way import CHANGES
from tests.support.eventually import eventually


async def test_a_node_that_goes_says_so(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    both.nodes.drained.set()
    answer = await talk.send(GET)
    assert b"\r\nConnection: close\r\n" in answer
    assert talk.wire.closed
    assert hits.count == 0


async def test_a_stale_view_tells_how_old_it_is(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    both.view._matched_at = time.monotonic() - FRESH_MS / 1000 + 0.2
    await talk.send(GET)
    await talk.send(GET)
    assert hits.count == 1

    async def stale() -> bool:
        return b"\r\nNsredis-Stale-Ms: 20" in await talk.send(GET)

    await eventually(stale)
    fresh = hits.count
    await talk.send(GET)
    assert hits.count == fresh
    both.view.matched(time.monotonic())
    assert b"\r\nNsredis-Stale-Ms: 0" in await talk.send(GET)
    assert hits.count == fresh + 1


async def test_nothing_is_answered_after_the_view_is_gone_or_the_connection_closed(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    both.view.state = None
    assert (await talk.send(GET)).startswith(b"HTTP/1.1 503 ")
    both.view.publish(filled())
    assert (await talk.send(GET)).startswith(b"HTTP/1.1 200 ")
    other = both.connect("quick")
    await other.send(GET)
    before = hits.count
    talk.protocol.close()
    other.protocol.force_close()
    for one in (talk, other):
        written = one.wire.written
        one.protocol.data_received(GET)
        assert one.wire.written == written
    assert hits.count == before


async def test_after_an_answer_that_could_not_be_sent_nothing_is_answered(both: BothWays, hits: Hits) -> None:
    await both.connect("quick").send(GET)
    never_learnt = GET.replace(b"TopicA", b"TopicA?minRevision=1")
    for turns in range(8):
        talk = both.connect("quick")
        await talk.at_rest()
        talk.protocol.data_received(never_learnt)
        talk.wire.closed = True
        for _ in range(turns):
            await asyncio.sleep(0)
        talk.protocol.data_received(GET)
        assert talk.wire.written == b""
    assert hits.count == 0


async def test_a_change_elsewhere_moves_the_revision(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    for revision in (7, 7, 8, 8, 9):
        if revision != both.view.revision:
            CHANGES["a change elsewhere"](both)
        assert b"\r\nNsredis-Revision: %d\r\n" % revision in await talk.send(GET)
    assert hits.count == 4


async def test_another_history_with_the_same_revision_has_its_own_answers(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    first = await talk.send(GET)
    other = filled("another")
    other.set_group("a", Group("a", "c", {0: "10.9.9.9:1"}))
    both.view.publish(other)
    both.queries.route("TopicA")
    second = await talk.send(GET)
    assert hits.count == 1
    assert b"10.9.9.9" in second
    assert comparable(second) == comparable(await both.connect("plain").send(GET)) != comparable(first)


async def test_the_time_goes_on(both: BothWays, hits: Hits, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    began = int(time.time())

    async def told() -> float:
        (date,) = DATE.findall(await talk.send(GET))
        return parsedate_to_datetime(date.decode()).timestamp()

    async def in_time() -> bool:
        before = int(time.time())
        assert before <= await told() <= time.time()
        return before > began

    await eventually(in_time, 5, every_s=0.05)
    for seconds in (1_700_000_000, 1_700_086_400):  # the clock is set: told within a second
        monkeypatch.setattr(time, "time", lambda seconds=seconds: float(seconds))

        async def told_so(seconds: int = seconds) -> bool:
            return await told() == seconds

        await eventually(told_so)
    assert hits.count > 3
