import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core import queues as module
from nsredis.core.errors import InvalidField
from nsredis.core.queues import MAX_QUEUES, READ, WRITE, QueueData, check_queues, intern, shared
from tests.support.shared_topics import are_shared

BITS = st.integers(0, 15)


def test_the_defaults_are_rocketmqs() -> None:
    assert QueueData() == (8, 8, READ | WRITE, 0)


@given(BITS, BITS)
def test_a_mask_takes_away_and_never_gives(perm: int, mask: int) -> None:
    queues = QueueData(3, 4, perm, 5)
    masked = queues.masked(mask)
    assert masked.perm == perm & mask
    assert masked._replace(perm=perm) == queues
    if masked.perm == perm:
        assert masked is queues


def test_equal_queue_data_is_one_object() -> None:
    one, other = QueueData(7, 7, 6, 0), QueueData(7, 7, 6, 0)
    assert one is not other
    assert intern(one) is intern(other)


def test_equal_topics_are_the_same_objects() -> None:
    one, other = ({f"topic-{number}": QueueData(7, number % 2) for number in range(4)} for _ in range(2))
    assert not are_shared(one, other)
    assert are_shared(shared(one), shared(other))
    assert list(shared(one).items()) == list(one.items())


def test_what_is_shared_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_INTERNED_MAX", 10)
    monkeypatch.setattr(module, "_interned", {})
    for i in range(50):
        assert intern(QueueData(i)) == QueueData(i)
        assert len(module._interned) <= 10


@pytest.mark.parametrize("queues", [QueueData(0, 0, 0, 0), QueueData(MAX_QUEUES, MAX_QUEUES, 15, 2**31 - 1)])
def test_numbers_in_range(queues: QueueData) -> None:
    assert check_queues("t", queues) is queues


@pytest.mark.parametrize(
    ("queues", "field"),
    [
        (QueueData(-1), "t.readQueueNums"),
        (QueueData(MAX_QUEUES + 1), "t.readQueueNums"),
        (QueueData(1, -1), "t.writeQueueNums"),
        (QueueData(1, 1, 16), "t.perm"),
        (QueueData(1, 1, -1), "t.perm"),
        (QueueData(1, 1, 6, 2**31), "t.topicSysFlag"),
    ],
)
def test_numbers_out_of_range_name_their_field(queues: QueueData, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_queues("t", queues)
    assert refused.value.field == field
