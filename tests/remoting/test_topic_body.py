"""What is kept of the bodies that brokers sent last."""

from nsredis.core.brokers import BrokerKey, DataVersion
from nsredis.core.queues import QueueData
from nsredis.remoting.topic_body import Outlines, RemotingTopics
from nsredis.wire.outline import LARGE, Outline, Slice
from nsredis.wire.registration import RegisterBody, encode_register_body

A, B, C = (BrokerKey(name, 0) for name in "abc")
TABLE = {f"topic-{number:04}": QueueData() for number in range(LARGE // 100)}


def _topics(outlines: Outlines, counter: int, table: dict[str, QueueData], broker: BrokerKey = A) -> RemotingTopics:
    body = encode_register_body(RegisterBody(DataVersion(0, 1, counter), table, {}, ()))
    return RemotingTopics(body, 479, compressed=False, max_inflated=0, broker=broker, outlines=outlines)


def _accepted(outlines: Outlines, counter: int, table: dict[str, QueueData], broker: BrokerKey = A) -> Outline:
    topics = _topics(outlines, counter, table, broker)
    assert topics.read({}).topics == table
    topics.accepted()
    kept = outlines.of(broker)
    assert kept is not None
    assert kept.topics == table
    return kept


def _outline(size: int) -> Outline:
    return Outline((Slice(size, b"", ()),), {})


def test_only_so_many_bytes_are_kept_and_the_latest_are() -> None:
    outlines = Outlines(most_bytes=100)
    for broker in (A, B, A, C):
        outlines.keep(broker, _outline(50))
    assert outlines.of(B) is None
    assert outlines.of(A)
    outlines.keep(C, _outline(101))
    assert [outlines.of(broker) is not None for broker in (A, C)] == [True, False]
    outlines.keep(B, _outline(50))
    assert outlines.of(A)
    outlines.keep(C, _outline(100))
    assert [outlines.of(broker) is not None for broker in (A, B, C)] == [False, False, True]


def test_the_text_of_a_table_and_its_topics_count() -> None:
    kept = _accepted(Outlines(), 1, TABLE)
    assert LARGE + 100 * len(TABLE) < kept.size < 3 * LARGE + 100 * len(TABLE)


def test_nothing_is_kept_of_a_registration_that_was_not_accepted() -> None:
    outlines = Outlines()
    _topics(outlines, 1, TABLE).read({})
    assert outlines.of(A) is None
    assert outlines.latest() is None


def test_topics_that_the_view_has_are_not_kept_twice() -> None:
    outlines = Outlines()
    _accepted(outlines, 1, TABLE)
    shown = dict(TABLE)
    topics = _topics(outlines, 2, TABLE)
    assert not topics.decode(shown)
    topics.accepted()
    kept = outlines.of(A)
    assert kept is not None
    assert kept.topics is shown


def test_what_another_broker_said_last_is_known_of_one_that_is_new() -> None:
    """Its topics are kept once, and of its slices those are new that have a topic of its own."""
    outlines = Outlines()
    first = _accepted(outlines, 1, TABLE)
    same = _accepted(outlines, 2, TABLE, B)
    assert same.topics is first.topics
    assert same.slices == first.slices
    own = dict(sorted((TABLE | {"topic-0300-own": QueueData(4)}).items()))
    other = _accepted(outlines, 1, own, C)
    assert len(set(other.slices) - set(first.slices)) == 1
    assert _topics(outlines, 2, own, C).decode(TABLE) == {"topic-0300-own": QueueData(4)}
    outlines.forget(C)
    assert outlines.latest() is same


def test_what_the_view_lacks_is_told_though_the_broker_said_it_before() -> None:
    """An operator deleted it, say."""
    outlines = Outlines()
    _accepted(outlines, 1, TABLE)
    shown = dict(TABLE)
    del shown["topic-0007"]
    assert _topics(outlines, 2, TABLE).decode(shown) == {"topic-0007": QueueData()}
    changed = TABLE | {"topic-0100": QueueData(4)}
    assert _topics(outlines, 3, changed).decode(shown) == {"topic-0007": QueueData(), "topic-0100": QueueData(4)}
