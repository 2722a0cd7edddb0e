"""Lists of topics and clusters, which are answered the short way from the memo of a revision."""

import re

import pytest

from nsredis.core.brokers import Group
from tests.http_api.quick.both_ways import BothWays, comparable
from tests.http_api.quick.conftest import GET, Hits


@pytest.mark.parametrize("path", [b"/v1/topics", b"/v1/topics?prefix=Topic&limit=1", b"/v1/clusters"])
async def test_a_list_takes_the_short_way_until_the_view_changes_and_then_too(
    both: BothWays, hits: Hits, path: bytes
) -> None:
    get = GET.replace(b"/v1/routes/TopicA", path)
    talk, plain = both.connect("quick"), both.connect("plain")
    first = await talk.send(get)
    assert comparable(await talk.send(get)) == comparable(first) == comparable(await plain.send(get))
    assert hits.count == 1
    both.view.apply([lambda state: state.set_group("a", None)], [], 8, "t")
    both.view.apply([lambda state: state.set_group("b", Group("b", "other", {0: "10.0.0.1:1"}))], [], 9, "t")
    changed = await talk.send(get)
    assert hits.count == 2
    assert comparable(changed) == comparable(await plain.send(get)) != comparable(first)
    etag = re.search(rb"ETag: (\S+)", changed)
    assert etag is not None
    conditional = get[:-2] + b"If-None-Match: " + etag[1] + b"\r\n\r\n"
    for _ in range(2):
        assert (await talk.send(conditional)).startswith(b"HTTP/1.1 304 ")
    assert hits.count == 3
    both.view.state = None
    assert (await talk.send(get)).startswith(b"HTTP/1.1 503 ")
    assert hits.count == 3
