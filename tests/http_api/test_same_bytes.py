"""The short way of the HTTP API and the plain one send the same bytes, whatever is sent and whatever happens."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.http_api.both_ways import CHANGES, GET, BothWays, comparable, filled

PATHS = ["/v1/routes/TopicA", "/v1/routes/TopicB", "/v1/routes/%25RETRY%25group", "/v1/routes/Nope"]

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
    path = draw(st.sampled_from(PATHS)) + draw(st.sampled_from([""] * 8 + ["?", "?zone=z", "?minRevision=1"]))
    version = draw(st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0"]))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=2))
    body = ""
    if draw(st.integers(0, 9)) == 0:
        body, headers = GET.decode(), [*headers, f"Content-Length: {len(GET)}"]
    return "\r\n".join([f"{method} {path} {version}", "Host: x", *headers, "", body]).encode()


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
