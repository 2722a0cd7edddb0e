from tests.histories.lines import Reload
from tests.histories.validators.one_order import check
from tests.histories.written import history, route, told


def test_revisions_that_grow_are_fine_and_other_nodes_may_be_behind() -> None:
    found = check(
        history(
            route("orders", 1.0, {}, revision=4), route("orders", 2.0, {}, revision=4),
            route("orders", 3.0, {}, revision=2, node="1.1"), told("orders", 3.0, 3, "x"), told("orders", 4.0, 5, "y"),
        )
    )  # fmt: skip
    assert (found.checked, found.violations) == (5, [])


def test_a_step_back_on_one_connection() -> None:
    found = check(history(route("orders", 1.0, {}, revision=4), route("orders", 2.0, {}, revision=3)))
    assert "saw revision 4" in found.violations[0]


def test_a_step_back_in_a_stream() -> None:
    assert check(history(told("orders", 3.0, 3, "x"), told("orders", 4.0, 2, "y"))).count == 1


def test_a_reload_that_is_reported_excuses_it() -> None:
    calls = route("orders", 1.0, {}, revision=4), route("orders", 2.0, {}, revision=3)
    before = Reload("0.1", 0.5, {"start": 1})
    assert check(history(*calls, before, Reload("0.1", 2.2, {"start": 1, "forked": 1}))).violations == []
    assert check(history(*calls, before, Reload("0.1", 2.2, {"start": 1, "behind": 1}))).count == 1
    assert check(history(*calls, before, Reload("1.1", 2.2, {"start": 1, "forked": 1}))).count == 1
