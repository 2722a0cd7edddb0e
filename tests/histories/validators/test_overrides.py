from tests.histories.lines import Call, Outcome
from tests.histories.validators.overrides import check
from tests.histories.written import change, fault, group, history, route


def _override(at: float, perm: int, *, revision: int = 5, outcome: Outcome = "ok", lasts_s: float = 100.0) -> Call:
    args = {"group": "a", "perm": perm, "lasts_s": lasts_s}
    return Call("operator", "o", "0.1", "override", args, at, at + 0.01, outcome, revision=revision)


def _lift(at: float, *, revision: int = 9) -> Call:
    return Call("operator", "o", "0.1", "lift", {"group": "a"}, at, at + 0.01, "ok", revision=revision)


def _look(at: float, perm: int, *, revision: int = 9) -> Call:
    return route("orders", at, {"a": group(perm=perm), "b": group()}, revision=revision)


def test_it_holds_from_its_answer_to_its_end() -> None:
    found = check(history(_override(1.0, 4, lasts_s=5.0), _look(0.5, 6), _look(3.0, 4), _look(3.0, 6, revision=4)))
    assert (found.checked, found.violations) == (1, [])
    assert check(history(_override(1.0, 4, lasts_s=5.0), _look(6.5, 6))).violations == []


def test_a_node_that_has_the_revision_and_not_the_override() -> None:
    assert "a has permission 4" in check(history(_override(1.0, 4), _look(3.0, 6))).violations[0]


def test_one_that_was_lifted_is_still_shown() -> None:
    assert check(history(_override(1.0, 4), _lift(2.0), _look(3.0, 6))).violations == []
    assert check(history(_override(1.0, 4), _lift(2.0), _look(3.0, 4))).count == 1


def test_what_may_still_arrive_or_was_lost_is_excused() -> None:
    assert check(history(_override(0.5, 2, outcome="unknown"), _override(1.0, 4), _look(3.0, 2))).violations == []
    assert check(history(_override(1.0, 4), fault("flush", 2.0, 2.0), _look(3.0, 6))).violations == []
    old = _override(1.0, 4), fault("flush", 9.0, 9.0)
    assert check(history(*old, _look(12.0, 6))).count == 1
    gone = change("expire", 2.0, 8, "broker:a/0", "group:a")
    assert check(history(_override(1.0, 4), gone, _look(3.0, 6))).violations == []
