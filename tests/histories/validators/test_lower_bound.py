from tests.histories.validators.lower_bound import check
from tests.histories.written import beat, change, fault, group, history, listed, mark, member, register, route

ALIVE = member("a/0"), register("a/0", 1.0, revision=3), beat("a/0", 2.0), beat("a/0", 3.0)
PRESENT = {"a": group()}


def test_present_and_before_and_after_are_fine() -> None:
    found = check(
        history(
            *ALIVE,
            route("orders", 0.5, {}, revision=2),
            route("orders", 2.5, PRESENT, revision=3),
            route("orders", 2.6, {}, revision=2),  # a node that has not heard of it yet
            route("orders", 9.0, None, revision=9),
            listed(2.7, {"a/0": "online"}, revision=3),
        )
    )
    assert (found.checked, found.violations) == (4, [])  # two answers and two beats


def test_absent_from_a_route_or_a_list() -> None:
    assert "is not in the route" in check(history(*ALIVE, route("orders", 3.5, {}, revision=5))).violations[0]
    assert check(history(*ALIVE, route("own-a", 3.5, None, revision=5))).count == 1
    assert "is offline" in check(history(*ALIVE, listed(3.5, {"a/0": "offline"}, revision=5))).violations[0]
    assert check(history(*ALIVE, listed(3.5, {}, revision=5))).count == 1


def test_only_its_other_replica_is_shown() -> None:
    assert check(history(*ALIVE, route("orders", 3.5, {"a": group(number="1")}, revision=5))).count == 1


def test_a_slave_has_the_topics_that_its_master_brought() -> None:
    slave = member("a/1"), register("a/1", 0.5, revision=2), beat("a/1", 2.0), beat("a/1", 3.0)
    assert check(history(*slave, route("orders", 0.8, None, revision=2))).violations == []
    both = {"a": [1, 1, 6, {"0": "127.0.0.1:1", "1": "127.0.0.1:2"}]}
    assert check(history(*slave, *ALIVE, route("orders", 2.5, both, revision=5))).violations == []
    assert check(history(*slave, *ALIVE, route("orders", 2.5, PRESENT, revision=5))).count == 1


def test_told_to_register_while_it_is_alive() -> None:
    assert "told to register" in check(history(*ALIVE, beat("a/0", 3.5, outcome="refused", status=404))).violations[0]
    assert check(history(*ALIVE, beat("a/0", 9.5, outcome="refused", status=404))).violations == []


def test_a_refused_beat_holds_nothing() -> None:
    late = beat("a/0", 4.5, outcome="refused", status=503)
    assert check(history(*ALIVE, late, route("orders", 5.5, {}, revision=5))).violations == []


def test_who_leaves_or_closes_its_port_may_go_at_once() -> None:
    gone = route("orders", 3.5, {}, revision=5)
    assert check(history(*ALIVE, mark("a/0", 3.2, port_closes=True), gone)).violations == []
    assert check(history(*ALIVE, mark("a/0", 3.2), gone)).count == 1


def test_while_the_store_is_away_leases_last() -> None:
    away = fault("store-kill", 4.0, 8.0)
    assert check(history(*ALIVE, away, route("orders", 8.0, {}, revision=5))).count == 1
    assert check(history(*ALIVE, away, route("orders", 9.0, {}, revision=5))).violations == []


def test_a_young_registration_may_be_lost_with_the_store_and_an_old_one_may_not() -> None:
    assert check(history(*ALIVE, fault("flush", 1.5, 1.5), route("orders", 2.5, {}, revision=5))).violations == []
    old = *ALIVE, beat("a/0", 4.0), beat("a/0", 5.0)
    assert check(history(*old, fault("flush", 4.5, 4.5), route("orders", 5.5, {}, revision=9))).count == 1


def test_a_beat_that_is_acknowledged_shows_that_the_incarnation_never_went() -> None:
    late = beat("a/0", 9.0)
    assert check(history(*ALIVE, late, route("orders", 7.0, {}, revision=5))).count == 1


def test_a_broker_whose_registration_tells_no_revision_is_known_by_the_change() -> None:
    bare = register("a/0", 1.0)
    bare.body = None
    seen = change("register", 1.0, 3, "broker:a/0")
    assert check(history(member("a/0"), bare, seen, route("orders", 2.0, {}, revision=4))).count == 1
    assert check(history(member("a/0"), bare, seen, route("orders", 2.0, {}, revision=2))).violations == []
