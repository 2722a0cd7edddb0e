"""Which requests are answered without aiohttp's machinery, and which are not."""

import asyncio
import itertools
import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsredis.core.brokers import Group, Override
from nsredis.http_api import quick_answers
from nsredis.http_api.quick_connection import aiohttp_is_known
from nsredis.view.state import State
from tests.http_api.quick.both_ways import BothWays, comparable
from tests.http_api.quick.conftest import GET, LISTS, PATHS, Hits, filled
from tests.support.eventually import eventually

OTHER = GET.replace(b"routes/TopicA", b"clusters")

# The same bytes, whatever is sent and whatever happens

HEADERS = [
    "If-None-Match: *",
    'If-None-Match: "absent"',
    "If-None-Match: ETAG",
    "If-None-Match: W/ETAG",
    "If-None-Match:",
    "Prefer: wait=0",
    "X-Request-Id: given",
    "Accept-Encoding: gzip",
    "Connection: keep-alive",
    "Connection: close",
    "Expect: 100-continue",
    "Content-Length: 0",
    "Range: bytes=0-3",
]


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """What clients send, and what some of them should not."""
    method = draw(st.sampled_from(["GET"] * 8 + ["HEAD", "DELETE"]))
    path = draw(st.sampled_from([*PATHS, *LISTS]))
    if "?" not in path:
        path += draw(st.sampled_from([""] * 8 + ["?", "?zone=z", "?minRevision=1"]))
    version = draw(st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0"]))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=2))
    body = ""
    if draw(st.integers(0, 9)) == 0:
        body, headers = GET.decode(), [*headers, f"Content-Length: {len(GET)}"]
    return "\r\n".join([f"{method} {path} {version}", "Host: x", *headers, "", body]).encode()


CHANGES: dict[str, Callable[[BothWays], None]] = {
    "a limit": lambda both: _apply(both, lambda state: state.set_group("a", Group("a", "c", {0: "1:1"}, Override(4)))),
    "a change elsewhere": lambda both: _apply(both, lambda state: state.set_kv("space", {})),
    "all of a": lambda both: _apply(both, lambda state: state.set_group("a", None)),
    "all of b": lambda both: _apply(both, lambda state: state.set_group("b", None)),
    "other settings": lambda both: _apply(both, lambda state: state.set_settings({"orderMessageEnable": "true"})),
    "another view": lambda both: both.view.publish(filled()),
}


def _apply(both: BothWays, write: Callable[[State], None]) -> None:
    both.view.apply([write], [], both.view.revision + 1, "t")


CHAPTERS = st.one_of(
    *[requests()] * 6,
    st.lists(requests(), min_size=2, max_size=3).map(b"".join),  # in one read
    st.tuples(requests(), st.integers(0, 400)),  # in two reads
    st.sampled_from(list(CHANGES)),
)


Story = list[bytes | tuple[bytes, int] | str]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(CHAPTERS, min_size=1, max_size=8))
async def test_both_ways_send_the_same_bytes_and_count_alike(both: BothWays, story: Story) -> None:
    both.begin(filled())
    etag = both.queries.route("TopicA").etag.encode()
    talks = {way: both.connect(way) for way in both.counts}
    for chapter in story:
        if isinstance(chapter, str):
            CHANGES[chapter](both)
            continue
        request, cut = chapter if isinstance(chapter, tuple) else (chapter, 0)
        request = request.replace(b"ETAG", etag)
        reads = [read for read in (request[:cut], request[cut:]) if read]
        for _ in range(3):  # the first time it is learnt
            answers = {}
            for way in talks:
                if talks[way].wire.closed:
                    talks[way] = both.connect(way)
                answers[way] = comparable(await talks[way].send(*reads))
            assert answers["quick"] == answers["plain"]
            assert talks["quick"].wire.closed == talks["plain"].wire.closed
    assert both.counts["quick"].answers == both.counts["plain"].answers


@pytest.mark.parametrize(
    "asked",
    [
        (OTHER, GET),
        (OTHER, OTHER, GET),
        (OTHER, GET, OTHER),
        (OTHER, GET[:9], GET[9:], GET),
        (GET[:-2] + b"Connection: close\r\n\r\n", GET),
        (GET.replace(b"1.1", b"1.0"), GET),
        (GET.replace(b"TopicA", b"Nope"), GET),
        (GET.replace(b"GET", b"HEAD"), GET),
        (b"nonsense\r\n\r\n", GET),
    ],
)
async def test_both_ways_send_the_same_bytes_to_who_does_not_wait(both: BothWays, asked: tuple[bytes, ...]) -> None:
    """However far aiohttp is with one request when the next one comes."""
    for turns in itertools.product(range(6), repeat=len(asked) - 1):
        both.begin(filled())
        await both.connect("quick").send(GET)
        await both.connect("plain").send(GET)
        reads = list(zip(asked, (*turns, 0), strict=True))
        answers = {way: comparable(await both.connect(way).send_in_turn(*reads)) for way in both.counts}
        assert answers["quick"] == answers["plain"]
        assert both.counts["quick"].answers == both.counts["plain"].answers


async def test_who_asks_again_at_once_takes_the_short_way_too(both: BothWays, hits: Hits) -> None:
    """The answer is out before aiohttp's task has come round to wait for what comes next."""
    talk = both.connect("quick")
    first = await talk.send(GET)
    talk.protocol.data_received(OTHER)
    before = len(talk.wire.written)
    await eventually(lambda: len(talk.wire.written) > before, every_s=0.0)
    if sys.version_info < (3, 12):  # from then on tasks begin at once, and that moment is never seen
        assert talk.protocol._waiter is None
    before = len(talk.wire.written)
    talk.protocol.data_received(GET)
    assert comparable(talk.wire.written[before:]) == comparable(first)
    assert hits.count == 1
    await talk.send(OTHER)
    assert hits.count == 2


async def test_a_request_that_comes_again_takes_the_short_way(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    first = await talk.send(GET)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert hits.count == 0
    assert comparable(await talk.send(GET)) == comparable(first)
    other = both.connect("quick")
    assert comparable(await other.send(GET)) == comparable(first)
    assert hits.count == 2
    assert both.counts["quick"].answers == {("/v1/routes/{topic}", "GET", 200): 3}


async def test_not_modified_takes_the_short_way_too(both: BothWays, hits: Hits) -> None:
    etag = both.queries.route("TopicA").etag.encode()
    conditional = GET[:-2] + b"If-None-Match: " + etag + b"\r\n\r\n"
    talk = both.connect("quick")
    first = await talk.send(conditional)
    assert first.startswith(b"HTTP/1.1 304 Not Modified\r\n")
    assert comparable(await talk.send(conditional)) == comparable(first)
    assert hits.count == 1
    CHANGES["a limit"](both)
    assert (await talk.send(conditional)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert (await talk.send(conditional)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert hits.count == 2


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"GET", b"HEAD"),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"TopicA", b"Nope"),
        GET.replace(b"TopicA", b"TopicA?zone=z"),
        GET.replace(b"TopicA", b"TopicA?minRevision=1"),
        GET.replace(b"/routes/TopicA", b"/topics?minRevision=1"),
        GET.replace(b"/routes/TopicA", b"/topics?cursor=x"),
        GET.replace(b"/routes/TopicA", b"/settings"),
        *[
            GET[:-2] + header + b"\r\n\r\n"
            for header in (
                b"X-Request-Id: 1",
                b"Prefer: wait=1",
                b"Connection: close",
                b"Expect: 100-continue",
                b"Content-Length: 2\r\n\r\nab",
                b"X: " + b"x" * quick_answers.LONGEST,
            )
        ],
    ],
)
async def test_what_is_unusual_is_not_learnt(both: BothWays, hits: Hits, request_: bytes) -> None:
    for _ in range(3):
        await both.connect("quick").send(request_)
    assert hits.count == 0
    assert both.quick is not None
    assert not both.quick._asked


# A connection leaves the short way for good when a read was no whole GET


async def test_the_rest_of_a_header_that_looks_like_a_known_request_is_none(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    assert await talk.send(b"GET /v1/routes/Nope HTTP/1.1\r\nX-Odd: ") == b""
    assert (await talk.send(GET)).startswith(b"HTTP/1.1 404 ")
    assert (await talk.send(GET)).startswith(b"HTTP/1.1 200 ")
    behind = both.connect("quick")
    assert (await behind.send(GET + b"GET /v1/routes/Nope HTTP/1.1\r\nX-Odd: ")).startswith(b"HTTP/1.1 200 ")
    assert (await behind.send(GET)).startswith(b"HTTP/1.1 404 ")
    assert hits.count == 0


async def test_a_body_that_looks_like_a_known_request_is_none(both: BothWays, hits: Hits) -> None:
    await both.connect("quick").send(GET)
    talk = both.connect("quick")
    head = b"PUT /v1/brokers/c/a/0 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    talk.protocol.data_received(head + b"Content-Length: %d\r\n\r\n" % (2 * len(GET)))
    talk.protocol.data_received(GET)
    talk.protocol.data_received(GET)
    await talk.at_rest()
    assert talk.wire.written.startswith(b"HTTP/1.1 400 ")
    assert talk.wire.written.count(b"HTTP/1.1 ") == 1
    assert hits.count == 0


async def test_requests_that_wait_are_answered_in_order(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    etag = both.queries.route("TopicA").etag.encode()
    talk.protocol.data_received(GET[:-2] + b"If-None-Match: %b\r\nPrefer: wait=20\r\n\r\n" % etag)
    talk.protocol.data_received(GET)
    await eventually(lambda: both.view.subscriptions.count() == 1)
    talk.protocol.data_received(GET)
    CHANGES["a limit"](both)
    await talk.at_rest()
    answers = talk.wire.written.split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 4
    assert [b"Preference-Applied" in answer for answer in answers] == [False, True, False, False]
    assert hits.count == 0


async def test_a_client_that_does_not_read_gets_no_more_than_it_can_take(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    talk.protocol.pause_writing()
    before = len(talk.wire.written)
    for _ in range(5):
        talk.protocol.data_received(GET)
    assert hits.count == 0
    talk.protocol.resume_writing()
    await talk.at_rest()
    assert talk.wire.written[before:].count(b"HTTP/1.1 200") == 5


# What stays and what goes


async def test_a_hit_keeps_the_connection_alive(both: BothWays, hits: Hits) -> None:
    talk = both.connect("quick")
    await talk.send(GET)
    talk.protocol._next_keepalive_close_time = 0.0
    await talk.send(GET)
    assert hits.count == 1
    loop = asyncio.get_running_loop()
    assert talk.protocol._next_keepalive_close_time == pytest.approx(
        loop.time() + talk.protocol.keepalive_timeout, abs=5
    )


async def test_old_requests_make_place_for_new_ones(both: BothWays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick_answers, "KEPT", 3)
    talk = both.connect("quick")
    for number in range(5):
        await talk.send(GET[:-2] + b"X-Number: %d\r\n\r\n" % number)
    assert both.quick is not None
    assert [key[-5:-4] for key in both.quick._asked] == [b"2", b"3", b"4"]


# The switch


async def test_other_releases_of_aiohttp_are_answered_plainly(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aiohttp_is_known(), "read aiohttp's web_protocol.py again, then name the release in KNOWN_RELEASES"
    assert not caplog.records
    assert not aiohttp_is_known("3.15.0")
    assert not aiohttp_is_known("4.0.0")
    assert "aiohttp 3.15.0" in caplog.text
    monkeypatch.setattr("nsredis.http_api.quick_connection.USED", frozenset({"_waiter", "_renamed"}))
    assert not aiohttp_is_known()


async def test_the_plain_way_learns_nothing(both: BothWays, hits: Hits) -> None:
    talk = both.connect("plain")
    for _ in range(3):
        assert (await talk.send(GET)).startswith(b"HTTP/1.1 200 ")
    assert not hasattr(talk.protocol, "_quick")
    assert hits.count == 0
