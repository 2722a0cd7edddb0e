import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.errors import InvalidField
from nsredis.core.kv import MAX_KEY, MAX_VALUE
from nsredis.wire.kv_config import KvTables, read_kv_config, write_kv_config

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
JAVAS = b'{"configTable":{"ORDER_TOPIC_CONFIG":{"TopicOrder":"broker-a:4;broker-b:4"}}}'


def test_the_file_of_a_java_name_server() -> None:
    tables = {"ORDER_TOPIC_CONFIG": {"TopicOrder": "broker-a:4;broker-b:4"}}
    assert read_kv_config(JAVAS) == tables
    assert write_kv_config(tables) == JAVAS + b"\n"


@given(st.dictionaries(TEXTS, st.dictionaries(TEXTS, st.text(st.characters(exclude_categories=["Cs"])))))
def test_what_is_written_is_read(tables: KvTables) -> None:
    assert read_kv_config(write_kv_config(tables)) == tables


def test_it_is_written_sorted_compact_and_in_plain_utf_8() -> None:
    written = write_kv_config({"ns": {"b": "ü", "a": '"\n/'}, "": {}})
    assert written == '{"configTable":{"":{},"ns":{"a":"\\"\\n/","b":"ü"}}}\n'.encode()


@pytest.mark.parametrize(
    ("content", "tables"),
    [
        ({"configTable": {}}, {}),
        ({"configTable": {"ns": {"k": None, "l": "v"}, "none": None, "empty": {}}}, {"ns": {"l": "v"}, "empty": {}}),
        ({"configTable": {"ns": {"k": ""}}, "another": 1}, {"ns": {"k": ""}}),
    ],
)
def test_what_may_be_missing(content: object, tables: KvTables) -> None:
    assert read_kv_config(json.dumps(content).encode()) == tables


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "configTable: is required"),
        ({"table": {}}, "configTable: is required"),
        ({"configTable": None}, "configTable: must be an object"),
        ({"configTable": {"ns": "v"}}, r"configTable\.ns: must be an object"),
        ({"configTable": {"ns": {"k": 4}}}, r"configTable\.ns\.k: must be a text or null"),
        ({"configTable": {"ns": {"": "v"}}}, r"configTable\.ns\.: key: must not be empty"),
        ({"configTable": {"": {"k": "v"}}}, r"configTable\.\.k: namespace: must not be empty"),
        ({"configTable": {"ns": {"k" * (MAX_KEY + 1): "v"}}}, "key: must have at most"),
        ({"configTable": {"ns": {"k": "v" * (MAX_VALUE + 1)}}}, "value: must have at most"),
    ],
)
def test_what_breaks_a_rule_is_named(content: object, words: str) -> None:
    with pytest.raises(InvalidField, match=words):
        read_kv_config(json.dumps(content).encode())


def test_what_java_reads_is_read() -> None:
    assert read_kv_config(b"{configTable:{'ns':{7:'v',},},}") == {"ns": {"7": "v"}}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"{configTable:{]}", b"\xff", rb'{"configTable":{"ns":{"k":"\ud800"}}}', b"[" * 100_000]
)
def test_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(InvalidField, match="content: must be JSON"):
        read_kv_config(raw)
