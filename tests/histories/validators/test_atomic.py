from tests.histories.validators.atomic import check
from tests.histories.written import group, history, register, route, routes

FIRST, SECOND = register("a/0", 1.0, number=0), register("a/0", 2.0, number=1, revision=2)


def test_whole_registrations_are_fine() -> None:
    old = {topic: {"a": group(1)} for topic in ("orders", "payments", "own-a")}
    new = {topic: {"a": group(2)} for topic in ("orders", "payments", "own-a", "extra-a")}
    found = check(history(FIRST, SECOND, routes(1.5, {**old, "extra-a": None}), routes(2.5, new, revision=2)))
    assert (found.checked, found.violations) == (2, [])


def test_two_registrations_in_one_answer() -> None:
    mixed = {"orders": {"a": group(1)}, "payments": {"a": group(2)}}
    assert "several registrations" in check(history(FIRST, SECOND, routes(2.5, mixed))).violations[0]


def test_a_topic_of_the_registration_is_missing() -> None:
    partial = {"orders": {"a": group(2)}, "extra-a": None}
    assert "topics ['orders'], not" in check(history(FIRST, SECOND, routes(2.5, partial))).violations[0]


def test_a_topic_that_the_registration_has_dropped() -> None:
    back = register("a/0", 3.0, number=2, revision=3)
    kept = {"orders": {"a": group(3)}, "extra-a": {"a": group(3)}}
    assert check(history(FIRST, SECOND, back, routes(3.5, kept))).count == 1


def test_numbers_that_nobody_registered_or_not_yet() -> None:
    assert "nobody" in check(history(FIRST, route("orders", 1.5, {"a": group(7)}))).violations[0]
    assert "later" in check(history(FIRST, SECOND, route("orders", 1.5, {"a": group(2)}))).violations[0]


def test_an_override_on_a_part_of_the_topics() -> None:
    part = {"orders": {"a": group(1, perm=4)}, "payments": {"a": group(1)}}
    assert "override" in check(history(FIRST, routes(1.5, part))).violations[0]


def test_an_unknown_registration_may_be_shown() -> None:
    maybe = register("a/0", 2.0, number=1, outcome="unknown")
    assert check(history(FIRST, maybe, route("orders", 9.0, {"a": group(2)}))).violations == []
