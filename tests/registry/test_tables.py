from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.queues import QueueData
from nsredis.registry import tables
from nsredis.registry.tables import DELTA_TOPICS, Delta, Table, apply_body, apply_patch, delete_topic

Q, R = QueueData(), QueueData(1, 1, 4, 0)

NAMES = st.sampled_from("ABCDEFGH")
TOPICS = st.dictionaries(NAMES, st.sampled_from([Q, R, QueueData(2, 2, 2, 2)]))
TABLES = st.builds(Table, st.integers(0, 3), TOPICS, mappings=st.dictionaries(NAMES, st.just("{}"), max_size=1))
VERSIONS = st.sampled_from(["0/1/1", "0/1/2", "body:d1"])


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.builds(QueueData, *[st.integers(0, 2**31)] * 4)
    )
)
def test_topics_survive(topics: dict[str, QueueData]) -> None:
    assert tables.decode_blob(tables.encode_blob(Table(topics=topics))) == (topics, {})


def test_equal_queue_data_is_shared_after_decoding() -> None:
    decoded = tables.decode_blob(tables.encode_blob(Table(topics={"A": Q, "B": Q})))[0]
    assert decoded["A"] is decoded["B"]


@given(st.lists(st.tuples(TABLES, st.booleans()), max_size=6), st.lists(st.integers(0, 5), max_size=12))
def test_a_blob_says_the_same_whoever_wrote_it(written: list[tuple[Table, bool]], read: list[int]) -> None:
    """`written`: tables, and whether this process wrote them."""
    blobs = [tables.encode_blob(table) for table, _ in written]
    for blob, (table, ours) in zip(blobs, written, strict=True):
        if ours:
            tables.keep_written(blob, table)
    for number in read:
        if number < len(blobs):
            table = written[number][0]
            assert tables.decode_blob(blobs[number]) == (table.topics, table.mappings)


def test_what_this_process_wrote_is_not_decoded_when_it_comes_back() -> None:
    table = Table(1, {"of no other test": Q}, mappings={"of no other test": "{}"})
    blob = tables.encode_blob(table)
    tables.keep_written(blob, table)
    topics, mappings = tables.decode_blob(bytes(bytearray(blob)))
    assert topics is table.topics
    assert mappings is table.mappings
    again, _ = tables.decode_blob(blob)
    assert again == table.topics
    assert again is not table.topics


def test_ten_thousand_topics_are_some_ten_kilobytes() -> None:
    topics = {f"topic-of-some-length-{i}": Q for i in range(10_000)}
    assert len(tables.encode_blob(Table(topics=topics))) < 100_000


@given(st.dictionaries(NAMES, VERSIONS))
def test_deleted_topics_survive(deleted: dict[str, str]) -> None:
    assert tables.decode_deleted(tables.encode_deleted(deleted)) == deleted


def test_a_table_from_its_row() -> None:
    row = {
        b"version": b"5",
        b"blob": tables.encode_blob(Table(topics={"A": Q})),
        b"deleted": b'{"B":"v"}',
        b"body": b"body:d",
    }
    assert tables.decode_table(row) == Table(5, {"A": Q}, {"B": "v"}, "body:d")
    assert tables.decode_table({}) == Table()


@given(TOPICS, TOPICS)
def test_a_delta_is_the_difference(before: dict[str, QueueData], after: dict[str, QueueData]) -> None:
    delta = tables.decode_delta(tables.encode_delta(Table(3, before), Table(3, after, body="body:d")))
    assert (delta.base, delta.body) == (3, "body:d")
    assert {topic: queues for topic, queues in before.items() if topic not in delta.drop} | delta.put == after
    assert all(before.get(topic) != queues for topic, queues in delta.put.items())


def test_a_large_or_deeper_change_has_no_delta() -> None:
    few = {str(i): Q for i in range(DELTA_TOPICS)}
    assert tables.encode_delta(Table(1), Table(1, few)) != b""
    assert tables.encode_delta(Table(1), Table(1, few | {"more": Q})) == b""
    assert tables.encode_delta(Table(1, few | {"more": Q}), Table(1)) == b""
    changed = dict.fromkeys(few, R)
    assert tables.encode_delta(Table(1, few), Table(1, {f"new{i}": Q for i in range(11)})) == b""
    assert tables.encode_delta(Table(1, few), Table(1, changed)) != b""
    assert tables.encode_delta(Table(1), Table(1, {}, {"A": "v"})) == b""


def test_a_delta_is_told_from_what_it_is_made_of() -> None:
    assert tables.decode_delta(b'{"base":1,"put":{"A":[8,8,6,0]},"drop":["B"]}') == Delta(1, {"A": Q}, ["B"], "")


def test_a_whole_body_replaces_and_a_part_merges() -> None:
    table = Table(5, {"A": Q, "B": Q})
    assert apply_body(table, {"B": R, "C": R}, "v", replaces=True).topics == {"B": R, "C": R}
    assert apply_body(table, {"B": R, "C": R}, "v", replaces=False).topics == {"A": Q, "B": R, "C": R}
    assert apply_body(table, {}, "v", replaces=True) == Table(5)
    body = {"B": R, "C": R}
    assert apply_body(Table(), body, "v", replaces=False).topics is body  # ten thousand need not be copied
    assert table == Table(5, {"A": Q, "B": Q})


def test_a_deleted_topic_stays_deleted_until_another_version_lists_it() -> None:
    table = delete_topic(Table(5, {"A": Q, "B": Q}), "A", "v1")
    assert table == Table(5, {"B": Q}, {"A": "v1"})
    for replaces in (True, False):
        same = apply_body(table, {"A": Q, "B": Q}, "v1", replaces=replaces)
        assert same == table
        without = apply_body(table, {"B": Q}, "v2", replaces=replaces)
        assert without.deleted == {"A": "v1"}
        other = apply_body(table, {"A": Q, "B": Q}, "v2", replaces=replaces)
        assert (other.topics, other.deleted) == ({"A": Q, "B": Q}, {})


@given(TOPICS, st.dictionaries(NAMES, VERSIONS), TOPICS, VERSIONS, st.booleans())
def test_a_registration_applied_twice_is_applied_once(
    topics: dict[str, QueueData], deleted: dict[str, str], body: dict[str, QueueData], version: str, replaces: bool
) -> None:
    once = apply_body(Table(1, topics, deleted), body, version, replaces=replaces)
    assert apply_body(once, body, version, replaces=replaces) == once


def test_a_patch_drops_puts_and_brings_back() -> None:
    table = Table(5, {"A": Q, "B": Q}, {"C": "v", "D": "v"}, "body:d")
    patched = apply_patch(table, {"B": R, "C": R}, ["A", "nothing"])
    assert patched == Table(5, {"B": R, "C": R}, {"D": "v"}, "body:d")


def test_what_stands_for_the_version_of_a_body() -> None:
    assert tables.body_version("0/1/2", "d1") == "0/1/2"
    assert tables.body_version("", "d1") == "body:d1"
    assert apply_body(Table(), {}, "body:d1", replaces=True).body == "body:d1"
    assert apply_body(Table(body="body:d1"), {}, "0/1/2", replaces=True).body == ""


def test_a_mapping_stays_while_its_topic_does() -> None:
    table = tables.apply_body(Table(), {"A": Q, "S": Q}, "v", replaces=False, mappings={"S": "{}", "Unknown": "{}"})
    assert table.mappings == {"S": "{}"}
    assert tables.decode_blob(tables.encode_blob(table)) == (table.topics, {"S": "{}"})
    assert tables.apply_body(table, {"A": Q}, "v", replaces=False).mappings == {"S": "{}"}
    assert tables.apply_body(table, {"A": Q, "S": Q}, "v", replaces=True).mappings == {}
    assert tables.apply_patch(table, {}, ["S"]).mappings == {}
    assert tables.delete_topic(table, "S", "v").mappings == {}
    changed = tables.apply_body(table, {}, "v", replaces=False, mappings={"S": '{"epoch":1}'})
    assert tables.encode_delta(table, changed) == b""
