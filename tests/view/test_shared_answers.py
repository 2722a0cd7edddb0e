"""Routes that topics share: so many bytes, and no more."""

from nsredis.core.queues import QueueData
from nsredis.view.answers import Answer
from nsredis.view.shared_answers import Offered, SharedAnswers


def _offered(queues: int) -> Offered:
    return (("a", QueueData(queues)),)


def test_they_are_found_by_what_is_offered_until_they_are_cleared() -> None:
    shared = SharedAnswers()
    answer = Answer.of_bytes(b"{}")
    shared.keep(_offered(1), answer)
    assert shared.of(_offered(1)) is answer
    assert shared.of(_offered(2)) is None
    shared.clear()
    assert shared.of(_offered(1)) is None


def test_a_topic_that_changes_again_and_again_leaves_only_so_much() -> None:
    shared = SharedAnswers(most_bytes=10_000)
    for queues in range(1000):
        shared.keep(_offered(queues), Answer.of_bytes(bytes(1000)))
        assert shared.of(_offered(queues)) is not None
    assert sum(shared.of(_offered(queues)) is not None for queues in range(1000)) < 10
