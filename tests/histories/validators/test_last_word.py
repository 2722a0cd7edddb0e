from tests.histories.lines import Call
from tests.histories.validators.last_word import check
from tests.histories.written import fault, group, history, member, register, route

BOTH = member("a/0"), register("a/0", 1.0, number=0), register("a/0", 5.0, number=1, revision=2)


def _end(queues: int) -> Call:
    return route("own-a", 30.0, {"a": group(queues)}, client="last")


def test_the_last_registration_is_served() -> None:
    found = check(history(*BOTH, _end(2)))
    assert (found.checked, found.violations) == (1, [])


def test_an_older_one_came_back() -> None:
    assert "shows number 0 in the end" in check(history(*BOTH, _end(1))).violations[0]


def test_one_whose_outcome_nobody_knows_may_have_been_the_last() -> None:
    maybe = register("a/0", 7.0, number=2, outcome="unknown")
    assert check(history(*BOTH, maybe, _end(3))).violations == []
    assert check(history(*BOTH, maybe, register("a/0", 8.0, number=2), _end(2))).count == 1


def test_one_that_was_young_when_the_store_was_emptied_may_be_lost() -> None:
    assert check(history(*BOTH, fault("flush", 6.0, 6.0), _end(1))).violations == []
    assert check(history(*BOTH, fault("flush", 9.0, 9.0), _end(1))).count == 1
