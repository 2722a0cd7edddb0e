from tests.histories.lines import Told
from tests.histories.validators.watches import check
from tests.histories.written import fault, history, listed, route, stream, told

STREAM = stream(["orders"], 1.0, 30.0)
FIRST = told("orders", 1.1, 3, "x")
SEEN = route("orders", 5.0, {}, revision=7, digest="y")


def test_a_change_that_was_told_and_a_newer_state_are_fine() -> None:
    same = route("orders", 4.0, {}, revision=3, digest="x")
    found = check(history(STREAM, FIRST, same, SEEN, told("orders", 5.2, 7, "y")))
    assert (found.checked, found.violations) == (3, [])
    assert check(history(STREAM, FIRST, SEEN, told("orders", 5.2, 8, "z"))).violations == []


def test_a_change_that_was_never_told() -> None:
    assert "was not told of orders at revision 7" in check(history(STREAM, FIRST, SEEN)).violations[0]


def test_a_change_that_was_told_too_late() -> None:
    assert check(history(STREAM, FIRST, SEEN, told("orders", 8.0, 7, "y"))).count == 1


def test_a_stream_that_ended_or_a_node_in_trouble_is_excused() -> None:
    assert check(history(stream(["orders"], 1.0, 5.5), FIRST, SEEN)).violations == []
    assert check(history(STREAM, FIRST, SEEN, fault("node-stop", 4.0, 6.0, target="0"))).violations == []


def test_a_broker_of_which_a_watcher_was_told_otherwise() -> None:
    everybody = stream([], 1.0, 30.0)
    began = Told("watcher", "watcher@0.1#1", "0.1", "broker:a/0", 1.1, 3, "x", ["offline", 1, False, {}])
    back = Told("watcher", "watcher@0.1#1", "0.1", "broker:a/0", 5.1, 7, "y", ["online", 2, False, {"epoch": 2}])
    seen = listed(5.0, {"a/0": "online"}, revision=7)
    seen.body["a/0"][3] = {"epoch": 2}
    assert check(history(everybody, began, back, seen)).violations == []
    assert "was not told that a/0 is" in check(history(everybody, began, seen)).violations[0]


def test_a_stream_after_a_reconnect_begins_with_everything() -> None:
    again = stream(["orders", "payments"], 31.0, 40.0, name="watcher@0.1#2")
    lacks = told("orders", 31.1, 9, "z", stream="watcher@0.1#2")
    assert "began without ['payments']" in check(history(STREAM, FIRST, again, lacks)).violations[0]
