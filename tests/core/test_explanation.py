from dataclasses import replace
from typing import Any

import pytest

from nsredis.core.brokers import Broker, Group, OfflineBroker, Override
from nsredis.core.changes import Change, ChangeKind, Removal
from nsredis.core.explanation import Deletion, GroupFacts, Standing, Verdict, conclude, perm_words
from nsredis.core.queues import QueueData
from nsredis.core.routes import Offer

QUEUES = QueueData()
DELETED = Change(7, "t", ChangeKind.DELETE_TOPIC, 1000, ("table:a",), "somebody", "T")


def _serving(
    name: str = "a", ids: tuple[int, ...] = (0,), override: Override | None = None, **queues: Any
) -> GroupFacts:
    group = Group(name, "c", {broker_id: f"h:{broker_id}" for broker_id in ids}, override)
    lead = Broker("c", name, min(ids), "h:1", 1, 15_000, 0, 1, zone="az1")
    return GroupFacts(name, "c", Standing.SERVING, [lead], Offer(group, lead, QUEUES._replace(**queues)))


def _gone(name: str = "a", *reasons: str) -> GroupFacts:
    brokers = [
        OfflineBroker("c", name, i, "h:1", 1, reason, "an operator", 1000 + i, 500) for i, reason in enumerate(reasons)
    ]
    return GroupFacts(name, "c", Standing.OFFLINE, brokers)


def _absent(standing: Standing, name: str = "a", **facts: Any) -> GroupFacts:
    return GroupFacts(name, "c", standing, **facts)


def test_all_is_well() -> None:
    assert conclude("T", [_serving("a"), _serving("b")]) == (Verdict.SERVED, "T has a route through a, b.")


def test_many_groups_are_counted() -> None:
    _, words = conclude("T", [_serving(name) for name in "abcde"])
    assert words == "T has a route through a, b, c and 2 more."
    _, words = conclude("T", [_gone(name, Removal.EXPIRED) for name in "abcde"])
    assert words.endswith("c: broker 0, its last, stopped beating and 2 more.")


@pytest.mark.parametrize(
    ("queues", "verdict"),
    [
        ({"perm": 4}, Verdict.READ_ONLY),
        ({"perm": 5}, Verdict.READ_ONLY),
        ({"write_queue_nums": 0}, Verdict.READ_ONLY),
        ({"perm": 2}, Verdict.WRITE_ONLY),
        ({"read_queue_nums": 0}, Verdict.WRITE_ONLY),
        ({"perm": 0}, Verdict.NO_PERMISSION),
        ({"perm": 4, "read_queue_nums": 0}, Verdict.NO_PERMISSION),
    ],
)
def test_what_no_group_lets_clients_do_is_told(queues: dict[str, Any], verdict: Verdict) -> None:
    assert conclude("T", [_serving(**queues)])[0] is verdict
    assert conclude("T", [_serving("a", **queues), _serving("b")])[0] is Verdict.PARTLY_SERVED
    assert verdict.routed


def test_one_group_may_be_read_and_another_written() -> None:
    assert conclude("T", [_serving("a", perm=4), _serving("b", perm=2)])[0] is Verdict.PARTLY_SERVED


def test_an_override_is_told_only_where_it_takes_away() -> None:
    drained = _serving(override=Override(4, "disk swap", "an operator"))
    assert drained.why == "an override by an operator makes it read-only: disk swap"
    assert _serving(override=Override(4, "", "x"), perm=4).why == "it registered the topic read-only"
    assert _serving(override=Override(7)).why == ""


def test_a_silent_broker_that_the_brake_holds_is_told_of() -> None:
    group = _serving()
    broker = group.brokers[0]
    assert isinstance(broker, Broker)
    held = replace(group, brokers=[replace(broker, held_at_ms=1000)])
    assert held.why == "broker 0 is silent, and the expiry brake keeps it in the route"
    assert conclude("T", [held])[0] is Verdict.PARTLY_SERVED


def test_producers_need_a_master() -> None:
    slaves = _serving(ids=(1, 2))
    assert (slaves.readable, slaves.writable, slaves.why) == (True, False, "it has no master: producers pass it over")
    assert conclude("T", [slaves])[0] is Verdict.READ_ONLY


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Removal.EXPIRED, "stopped beating"),
        (Removal.UNREGISTERED, "was unregistered by an operator"),
        (Removal.CONNECTION_LOST, "closed its connection and its port refuses"),
        (Removal.MOVED, "registered under another id"),
    ],
)
def test_the_broker_that_left_last_is_named(reason: str, words: str) -> None:
    verdict, summary = conclude("T", [_gone("a", "expired", reason)])
    assert (verdict, summary) == (Verdict.OFFLINE, f"T has no route: a: broker 1, its last, {words}.")
    assert not verdict.routed


def test_a_group_of_which_nothing_is_left() -> None:
    assert _gone("a").why == "all its brokers have left"
    assert not _gone("a").missed


def test_who_left_at_its_own_wish_is_not_missed() -> None:
    assert conclude("T", [_serving("a"), _gone("b", Removal.UNREGISTERED)])[0] is Verdict.SERVED
    assert conclude("T", [_serving("a"), _gone("b", Removal.EXPIRED)])[0] is Verdict.PARTLY_SERVED
    assert conclude("T", [_serving("a"), _absent(Standing.DROPPED)])[0] is Verdict.SERVED
    assert conclude("T", [_serving("a"), _absent(Standing.DELETED, "b")])[0] is Verdict.PARTLY_SERVED


@pytest.mark.parametrize(
    ("deletion", "words"),
    [
        (Deletion(DELETED), "deleted by somebody at revision 7; it comes back when the group registers it"),
        (Deletion(None), "deleted; it comes back when the group registers it"),
        (
            Deletion(None, held=True, under="0/1/2"),
            "deleted; it comes back when the group registers it under another data version than 0/1/2",
        ),
        (Deletion(None, held=True), "deleted; it comes back when the group registers it together with other topics"),
    ],
)
def test_how_a_deleted_topic_comes_back(deletion: Deletion, words: str) -> None:
    assert _absent(Standing.DELETED, deletion=deletion).why == words


def test_a_dropped_topic_has_the_change_that_dropped_it() -> None:
    change = Change(9, "t", ChangeKind.UPDATE, 1000, ("table:a",), "somebody")
    assert _absent(Standing.DROPPED, dropped=change).why == (
        "it does not list the topic any more since revision 9 (update by somebody)"
    )
    assert _absent(Standing.DROPPED).why == "it does not list the topic any more"


def test_of_many_reasons_that_comes_first_which_the_route_itself_gives() -> None:
    other_zone = GroupFacts("z", "c", Standing.OTHER_ZONE, offer=_serving("z").offer)
    deleted, dropped = _absent(Standing.DELETED, "d"), _absent(Standing.DROPPED, "r")
    everything = [_gone("a", Removal.EXPIRED), deleted, dropped, other_zone]
    verdict, words = conclude("T", everything, zone="az2")
    assert verdict is Verdict.OTHER_ZONE
    assert words.startswith("T has no route for zone az2: z: its zone is az1; a: ")
    assert conclude("T", everything[:3])[0] is Verdict.DELETED
    assert conclude("T", [dropped, _gone("a", Removal.EXPIRED)])[0] is Verdict.OFFLINE
    assert conclude("T", [dropped])[0] is Verdict.DROPPED
    assert conclude("T", [])[0] is Verdict.NEVER_REGISTERED


@pytest.mark.parametrize(
    ("perm", "words"),
    [(6, "readable and writable"), (7, "readable and writable"), (4, "read-only"), (2, "write-only")]
    + [(perm, "neither readable nor writable") for perm in (0, 1, 8)],
)
def test_permissions_in_words(perm: int, words: str) -> None:
    assert perm_words(perm) == words
