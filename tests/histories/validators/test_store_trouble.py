from tests.histories.validators.store_trouble import check
from tests.histories.written import beat, change, fault, group, history, member, register, route

AWAY = fault("store-kill", 3.0, 8.0)
ALIVE = member("a/0"), register("a/0", 1.0), beat("a/0", 2.0)
PRESENT = {"a": group()}


def test_stale_answers_and_late_expiry_are_fine() -> None:
    found = check(
        history(
            *ALIVE, AWAY, route("orders", 3.5, PRESENT), route("orders", 6.0, PRESENT, stale_ms=2500),
            change("expire", 10.5, 9, "broker:a/0"),
        )
    )  # fmt: skip
    assert (found.checked, found.violations) == (4, [])


def test_a_refusal() -> None:
    assert "is refused" in check(history(AWAY, route("orders", 4.0, None, outcome="refused"))).violations[0]


def test_a_node_that_is_dead_itself_may_not_answer() -> None:
    dead = fault("node-kill", 3.5, 4.5, target="0")
    assert check(history(AWAY, dead, route("orders", 4.0, None, outcome="unknown"))).violations == []
    assert check(history(AWAY, dead, route("orders", 4.0, None, outcome="unknown", node="1.1"))).count == 1


def test_an_answer_that_does_not_say_that_it_is_stale() -> None:
    assert "is not stale" in check(history(AWAY, route("orders", 6.0, PRESENT))).violations[0]


def test_somebody_expires_right_after_it() -> None:
    found = check(history(*ALIVE, AWAY, change("expire", 9.0, 9, "broker:a/0")))
    assert "expired at 9.000 s" in found.violations[0]


def test_who_was_silent_over_two_gaps_may_go() -> None:
    again = fault("store-stop", 8.5, 12.0)
    assert check(history(*ALIVE, AWAY, again, change("expire", 12.5, 9, "broker:a/0"))).violations == []
