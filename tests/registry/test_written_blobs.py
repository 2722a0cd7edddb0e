"""What is found is what was written under these very bytes, and no more is kept than it may be."""

from nsredis.core.queues import QueueData
from nsredis.registry.written_blobs import Content, WrittenBlobs


def _content(topics: int) -> Content:
    return {f"topic-{number}": QueueData() for number in range(topics)}, {}


def test_it_is_found_once_for_each_time_that_it_was_written() -> None:
    blobs = WrittenBlobs()
    first, second, other = _content(3), _content(3), _content(4)
    blobs.keep(b"same", first)
    blobs.keep(b"other", other)
    blobs.keep(b"same", second)
    assert blobs.take(b"nobody's") is None
    assert blobs.take(b"same") == first
    assert blobs.take(b"other") is other
    assert blobs.take(b"other") is None
    assert blobs.take(b"same") == first
    assert blobs.take(b"same") is None


def test_what_does_not_come_back_is_let_go_the_oldest_first() -> None:
    blobs = WrittenBlobs(most_topics=10)
    for number in range(5):
        blobs.keep(b"%d" % number, _content(4))
    assert [blobs.take(b"%d" % number) is not None for number in range(5)] == [False, False, False, True, True]
    for _ in range(5):
        blobs.keep(b"again", _content(4))
    blobs.keep(b"beside", _content(6))
    assert blobs.take(b"again") is not None
    assert blobs.take(b"beside") is not None


def test_what_is_too_large_is_not_kept_and_pushes_nothing_out() -> None:
    blobs = WrittenBlobs(most_topics=10)
    blobs.keep(b"small", _content(10))
    blobs.keep(b"large", _content(11))
    assert blobs.take(b"large") is None
    assert blobs.take(b"small") is not None
    blobs.keep(b"next", _content(10))
    assert blobs.take(b"next") is not None
