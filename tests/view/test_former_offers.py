from nsredis.core.queues import QueueData
from nsredis.registry.tables import Table
from nsredis.view.former_offers import FormerOffers


def _table(*topics: str, version: int = 1, deleted: dict[str, str] | None = None) -> Table:
    return Table(version, {topic: QueueData() for topic in topics}, deleted or {})


def test_the_last_table_of_a_group_that_left_is_remembered_until_it_is_back() -> None:
    former = FormerOffers()
    former.changed("a", _table("T"), None, ["T"])
    assert list(former.last_tables("T")) == ["a"]
    assert list(former.last_tables("U")) == []
    former.changed("a", None, _table("T"), [])
    assert list(former.last_tables("T")) == []


def test_a_topic_that_was_deleted_before_its_group_left_is_remembered() -> None:
    former = FormerOffers()
    former.changed("a", _table(deleted={"T": "1/2/3"}), None, [])
    assert former.last_tables("T")["a"].deleted == {"T": "1/2/3"}


def test_a_topic_that_is_not_listed_any_more_has_the_revision_until_it_is_listed_again() -> None:
    former = FormerOffers()
    former.changed("a", _table("T", "U"), _table("U", version=7), ["T"])
    former.changed("b", _table("T"), _table(version=8), ["T"])
    assert former.dropped("T") == {"a": 7, "b": 8}
    former.offered_again("a", ["T", "V"])
    assert former.dropped("T") == {"b": 8}
    former.offered_again("b", ["T"])
    assert former.dropped("T") == {}


def test_what_a_group_lacks_when_it_is_back_is_dropped() -> None:
    former = FormerOffers()
    former.changed("a", _table("T", "U"), None, ["T", "U"])
    former.changed("a", None, _table("U", version=9), [])
    assert former.dropped("T") == {"a": 9}
    assert former.dropped("U") == {}


def test_groups_that_left_or_came_back_unseen_are_found_when_all_is_read_anew() -> None:
    former = FormerOffers()
    former.changed("back", _table("T"), None, ["T"])
    former.reloaded({"gone": _table("T"), "stays": _table("T")}, {"stays": _table("T"), "back": _table(version=5)}, 9)
    assert list(former.last_tables("T")) == ["gone"]
    assert former.dropped("T") == {"back": 5}


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    former = FormerOffers(limit=3)
    former.begin(1, 1000)
    for i in range(5):
        former.changed(f"g{i}", _table("T", f"own-{i}"), None, ["T"])
    assert list(former.last_tables("T")) == ["g4"]
    for i in range(5):
        former.changed("live", _table(f"D{i}"), _table(version=i), [f"D{i}"])
    assert [bool(former.dropped(f"D{i}")) for i in range(5)] == [False, False, True, True, True]


def test_what_is_not_known_is_known_to_be_so() -> None:
    former = FormerOffers(limit=2)
    former.begin(10, 1000)
    assert not former.knows("a", 10)  # it left before
    assert former.knows("a", 11)  # it left without a topic
    former.changed("b", _table("T"), None, ["T"])
    assert former.knows("b", 12)
    former.reloaded({}, {}, 20)
    assert not former.knows("x", 19)  # it came and left unseen
    assert former.knows("x", 21)
    former.changed("c", _table("U", "V"), None, ["U", "V"])
    assert not former.knows("b", 12)  # forgotten
    assert former.knows("c", 13)
