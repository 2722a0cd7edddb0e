from tests.histories.lines import Stall
from tests.histories.validators.upper_bound import check
from tests.histories.written import beat, change, fault, group, history, leave, listed, mark, member, register, route

STOPPED = member("a/0"), register("a/0", 1.0), beat("a/0", 2.0), mark("a/0", 2.1)
"""Its lease ends at 4.1 s at the latest, so it is due at 4.85 s."""
PRESENT = {"a": group()}


def test_gone_in_time_is_fine_and_a_later_life_is_another_one() -> None:
    back = register("a/0", 8.0, instance=2)
    found = check(
        history(
            *STOPPED, route("orders", 4.6, PRESENT), route("orders", 5.0, None), listed(5.1, {"a/0": "offline"}), back,
            route("orders", 8.5, PRESENT),
        )
    )  # fmt: skip
    assert (found.checked, found.violations) == (2, [])


def test_still_there() -> None:
    assert "is seen by reader" in check(history(*STOPPED, route("orders", 5.0, PRESENT))).violations[0]
    assert check(history(*STOPPED, listed(5.0, {"a/0": "online"}))).count == 1


def test_still_there_after_it_left() -> None:
    left = member("a/0"), register("a/0", 1.0), leave("a/0", 2.0)
    assert check(history(*left, route("orders", 3.0, PRESENT))).count == 1
    unknown = member("a/0"), register("a/0", 1.0), leave("a/0", 2.0, outcome="unknown")
    assert check(history(*unknown, route("orders", 3.0, PRESENT))).violations == []


def test_what_the_machine_stalled_is_excused() -> None:
    assert check(history(*STOPPED, Stall(4.0, 0.5), route("orders", 5.0, PRESENT))).violations == []


def test_a_stale_node_and_one_in_trouble_are_excused() -> None:
    assert check(history(*STOPPED, route("orders", 5.0, PRESENT, stale_ms=3000))).violations == []
    hole = fault("hole", 4.9, 5.5, target="0")
    assert check(history(*STOPPED, hole, route("orders", 5.0, PRESENT))).violations == []
    assert check(history(*STOPPED, hole, route("orders", 5.0, PRESENT, node="1.1"))).count == 1


def test_a_gap_puts_it_off_by_a_lease() -> None:
    away = fault("store-kill", 3.0, 6.0)
    assert check(history(*STOPPED, away, route("orders", 8.9, PRESENT))).violations == []
    assert check(history(*STOPPED, away, route("orders", 10.0, PRESENT))).count == 1


def test_the_brake_puts_it_off_to_its_release() -> None:
    held = change("brake-held", 4.2, 5, "brake:one", "broker:a/0")
    released = change("brake-released", 7.0, 6, "brake:one")
    assert check(history(*STOPPED, held, route("orders", 20.0, PRESENT))).violations == []
    assert check(history(*STOPPED, held, released, route("orders", 9.0, PRESENT))).violations == []
    assert check(history(*STOPPED, held, released, route("orders", 11.0, PRESENT))).count == 1
