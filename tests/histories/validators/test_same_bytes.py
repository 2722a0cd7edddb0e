from tests.histories.validators.same_bytes import check
from tests.histories.written import fault, history, route, told

ONE = route("orders", 1.0, {}, revision=4, digest="x")


def test_equal_bytes_at_one_revision_and_others_at_another_are_fine() -> None:
    same = route("orders", 2.0, {}, revision=4, digest="x", node="1.1")
    found = check(history(ONE, same, route("orders", 3.0, {}, revision=5, digest="y"), told("orders", 1.1, 4, "x")))
    assert (found.checked, found.violations) == (4, [])


def test_other_bytes_of_another_node() -> None:
    other = route("orders", 2.0, {}, revision=4, digest="y", node="1.1")
    assert "topic:orders at revision 4 differs" in check(history(ONE, other)).violations[0]


def test_other_bytes_of_a_watch() -> None:
    assert check(history(ONE, told("orders", 1.1, 4, "y"))).count == 1


def test_absence_is_an_answer_too() -> None:
    gone = route("orders", 2.0, None, revision=4, digest="absent", node="1.1")
    assert check(history(ONE, gone)).count == 1


def test_a_failover_begins_another_history_and_an_emptied_store_does_not() -> None:
    other = route("orders", 9.0, {}, revision=4, digest="y")
    assert check(history(ONE, other, fault("failover", 3.0, 5.0))).violations == []
    assert check(history(ONE, other, fault("flush", 3.0, 3.0))).count == 1
