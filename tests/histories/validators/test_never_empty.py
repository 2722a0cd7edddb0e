from tests.histories.validators.never_empty import check
from tests.histories.written import group, history, listed, member, register, route, routes

STEADY = member("a/0"), register("a/0", 1.0)
PRESENT = {"a": group()}


def test_full_answers_refusals_and_early_ones_are_fine() -> None:
    found = check(
        history(
            *STEADY,
            route("orders", 1.5, None),
            route("orders", 4.0, PRESENT),
            route("orders", 5.0, None, outcome="refused"),
            route("own-b", 5.0, None),
            routes(6.0, {"orders": PRESENT, "payments": PRESENT, "own-b": None}),
            listed(7.0, {"a/0": "online"}),
        )
    )
    assert (found.checked, found.violations) == (3, [])


def test_an_empty_success() -> None:
    assert "is empty" in check(history(*STEADY, route("orders", 4.0, None))).violations[0]
    assert check(history(*STEADY, route("orders", 4.0, {}))).count == 1
    assert check(history(*STEADY, routes(4.0, {"orders": PRESENT, "payments": None}))).count == 1
    assert check(history(*STEADY, listed(4.0, {}))).count == 1
