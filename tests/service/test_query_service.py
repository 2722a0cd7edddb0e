"""Routes that are kept, and shared by topics with the same offers, are those that would be made anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.brokers import Broker, BrokerKey, Group, Override
from nsredis.core.errors import TopicNotFound
from nsredis.core.kv import KvEntry
from nsredis.core.observer import SilentObserver
from nsredis.core.queues import QueueData
from nsredis.core.routes import ORDER_NAMESPACE, topic_route
from nsredis.registry.tables import Table
from nsredis.service.query_service import QueryService
from nsredis.view.answers import Answer
from nsredis.view.state import GROUP_NAMES_KEPT, State
from nsredis.view.table_change import TableChange
from nsredis.view.view import View
from nsredis.wire import bodies

SYNC = "rmq_sys_SYNC_BROKER_MEMBER_a"
TOPICS = ("A", "B", "C", SYNC)
MAPPING = '{"bname":"a","currIdMap":{},"dirty":false,"epoch":0,"scope":"s","topic":"B","totalQueues":1}'

Change = Callable[[State], None]

NAMES = st.sampled_from("ab")
QUEUES = st.sampled_from([QueueData(), QueueData(4), QueueData(8, 8, 4), QueueData(topic_sys_flag=1)])
BROKERS = st.builds(
    replace,
    st.just(Broker("c", "", 0, "10.0.0.1:1", 1, 30_000, 1, 1)),
    zone=st.sampled_from(["", "z"]),
    acting_master=st.booleans(),
    filter_servers=st.sampled_from([(), ("h:1",)]),
)
GROUPS = st.builds(
    Group,
    NAMES,
    st.just("c"),
    st.dictionaries(st.sampled_from([0, 1]), st.sampled_from(["10.0.0.1:1", "10.0.0.2:1"])),
    st.none() | st.just(Override(4)),
)
TABLES = st.builds(
    Table,
    topics=st.dictionaries(st.sampled_from(TOPICS), QUEUES),
    mappings=st.sampled_from([{}, {"B": MAPPING}]),
)
ENTRIES = st.builds(KvEntry, st.just(ORDER_NAMESPACE), NAMES, NAMES, st.just(1))
ORDERS = st.dictionaries(st.sampled_from(TOPICS), ENTRIES)
SETTINGS = st.dictionaries(st.sampled_from(["orderMessageEnable", "supportActingMaster"]), st.just("true"))


def _set_table(name: str, new: Table | None) -> Change:
    def change(state: State) -> None:
        old = state.tables.get(name, Table())
        before, after = old.topics.keys(), new.topics.keys() if new is not None else set()
        state.set_table(TableChange(name, new, [*(after - before)], [*(before - after)], [*(after & before)]))

    return change


CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda group: lambda state: state.set_group(group.name, group), GROUPS),
    st.builds(lambda name, table: _set_table(name, table), NAMES, TABLES | st.none()),
    st.builds(
        lambda name, number, broker: (
            lambda state: state.set_broker(BrokerKey(name, number), broker and replace(broker, name=name, id=number))
        ),
        NAMES,
        st.sampled_from([0, 1]),
        BROKERS | st.none(),
    ),
    st.builds(lambda orders: lambda state: state.set_kv(ORDER_NAMESPACE, orders), ORDERS),
    st.builds(lambda settings: lambda state: state.set_settings(settings), SETTINGS),
)


def _filled() -> State:
    state = State(1)
    for name in "ab":
        state.set_broker(BrokerKey(name, 0), Broker("c", name, 0, "10.0.0.1:1", 1, 30_000, 1, 1))
        state.set_group(name, Group(name, "c", {0: "10.0.0.1:1"}))
        _set_table(name, Table(1, dict.fromkeys(TOPICS, QueueData())))(state)
    return state


def _made_anew(state: State, topic: str) -> Answer | None:
    order = state.kv.get(ORDER_NAMESPACE, {}).get(topic)
    route = topic_route(topic, state.offers(topic), state.settings, order_conf=order.value if order else None)
    return Answer.of(route) if route is not None else None


def _asked(queries: QueryService, topic: str) -> Answer | None:
    try:
        return queries.route(topic)
    except TopicNotFound:
        return None


@pytest.fixture
def view() -> View:
    view = View(SilentObserver())
    view.publish(_filled())
    return view


def _queries(view: View) -> QueryService:
    return QueryService(view, None, lambda: "")  # type: ignore[arg-type]  # nothing follows


@given(st.lists(st.tuples(CHANGES, st.sets(st.sampled_from(TOPICS))), max_size=6))
def test_routes_are_those_that_would_be_made_anew(changes: list[tuple[Change, set[str]]]) -> None:
    """Whatever changes, and whichever of them were asked for in between."""
    view = View(SilentObserver())
    state = _filled()
    view.publish(state)
    queries = _queries(view)
    for change, topics in [*changes, (lambda _: None, set(TOPICS))]:
        change(state)
        for topic in topics:
            assert _asked(queries, topic) == _made_anew(state, topic)


@given(st.lists(CHANGES, max_size=8))
def test_lists_are_those_that_would_be_made_anew(changes: list[Change]) -> None:
    """Whatever changes; they are asked for after each change."""
    view = View(SilentObserver())
    state = _filled()
    view.publish(state)
    queries = _queries(view)

    def system() -> bytes:
        return bodies.topic_list([group.name for group, _ in queries.groups()])

    def flagged() -> bytes:
        return bodies.topic_list(queries.topics_with(lambda flag: flag == 1))

    for change in changes:
        change(state)
        assert queries.topics() == sorted(state.topics())
        assert queries.topics("c", "r") == [topic for topic in sorted(_of_groups(state)) if topic.startswith("r")]
        assert queries.group_list("clusters", lambda: _clusters(queries)) == _clusters(queries)
        assert queries.group_list("system-topics", system) == system()
        assert queries.topic_list("flagged", flagged) == flagged()


def _clusters(queries: QueryService) -> bytes:
    return bodies.cluster_info(queries.groups())


def _of_groups(state: State) -> set[str]:
    return {topic for name, table in state.tables.items() if name in state.groups for topic in table.topics}


def test_lists_are_made_again_only_when_what_they_list_has_changed(view: View) -> None:
    state, queries = view.state, _queries(view)
    made: list[str] = []

    def make(name: str) -> bytes:
        made.append(name)
        return b""

    def listed() -> list[str]:
        made.clear()
        queries.group_list("groups", lambda: make("groups"))
        queries.topic_list("topics", lambda: make("topics"))
        return made

    assert state is not None
    assert listed() == ["groups", "topics"]
    assert listed() == []
    _set_table("a", Table(2, dict.fromkeys(TOPICS, QueueData(4))))(state)
    assert listed() == ["topics"]
    state.set_group("a", Group("a", "c", {0: "10.9.9.9:1"}))
    assert listed() == ["groups"]


def test_topics_are_sorted_again_only_when_one_comes_or_goes(view: View) -> None:
    state, queries = view.state, _queries(view)
    assert state is not None
    topics = queries.topics()
    _set_table("a", Table(2, dict.fromkeys(TOPICS, QueueData(4))))(state)
    state.set_group("a", Group("a", "c", {0: "10.9.9.9:1"}))
    assert queries.topics() is topics
    _set_table("a", Table(3, {"0": QueueData()}))(state)
    assert queries.topics() == ["0", *topics]
    _set_table("a", None)(state)
    assert queries.topics() == topics


def test_topics_with_the_same_offers_share_one_answer(view: View) -> None:
    queries = _queries(view)
    assert queries.route("A") is queries.route("B")
    assert queries.route("A") is not queries.route(SYNC)
    assert view.state is not None
    view.state.set_group("a", Group("a", "c", {0: "10.9.9.9:1"}))
    assert b"10.9.9.9:1" in queries.route("C").body
    assert queries.route("A") is queries.route("C")


def test_a_setting_that_changes_routes_changes_the_shared_ones(view: View) -> None:
    """A slave that acts as master, say."""
    state = view.state
    assert state is not None
    state.set_broker(BrokerKey("a", 1), Broker("c", "a", 1, "10.0.0.2:1", 1, 30_000, 1, 1, acting_master=True))
    state.set_group("a", Group("a", "c", {1: "10.0.0.2:1"}))
    queries = _queries(view)
    assert b'"1":"10.0.0.2:1"' in queries.route("A").body
    state.set_settings({"supportActingMaster": "true"})
    assert b'"0":"10.0.0.2:1"' in queries.route("A").body


def test_groups_that_come_one_by_one_do_not_leave_every_set_of_them() -> None:
    """A topic that all brokers have: the sets on the way hold half a million names."""
    state = State(1)
    for number in range(1000):
        _set_table(f"group-{number:04}", Table(1, {"A": QueueData()}))(state)
    assert sum(map(len, state._group_sets)) <= GROUP_NAMES_KEPT
    assert len(state._offered_by["A"]) == 1000


def test_without_a_zone_no_route_is_missing_for_its_sake(view: View) -> None:
    assert view.state is not None
    for name in "ab":
        view.state.set_group(name, Group(name, "c", {}))
    with pytest.raises(TopicNotFound) as missing:
        _queries(view).route("A")
    assert missing.value.reason == "unknown-topic"
