"""fastjson's dialect: everything standard is read alike, what is not standard as Java reads it, and within bounds."""

import contextlib
import json
import time
import tracemalloc
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nsredis.wire.fastjson import decode, dumps, dumps_legacy, loads, standard

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
CONTENTS = st.recursive(
    SCALARS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(TEXTS, inner, max_size=4)
        | st.dictionaries(st.integers(-(2**31), 2**31), inner, max_size=4)
    ),
    max_leaves=12,
)


def _keys_as_text(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _keys_as_text(value) for key, value in content.items()}
    return [_keys_as_text(value) for value in content] if isinstance(content, list) else content


@given(CONTENTS)
def test_what_is_written_is_read(content: Any) -> None:
    assert loads(dumps(content)) == loads(dumps_legacy(content)) == _keys_as_text(content)


@given(CONTENTS)
def test_standard_json_is_left_as_it_is(content: Any) -> None:
    plain = dumps(content)
    assert standard(plain) == plain
    indented = json.dumps(json.loads(plain), indent=1).encode()
    assert standard(indented) == indented


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('{0:"10.0.0.5:10911",1:"b"}', {"0": "10.0.0.5:10911", "1": "b"}),
        ('{"currIdMap":{0:0,-1:1}}', {"currIdMap": {"0": 0, "-1": 1}}),
        ("{ 7 : 8 }", {"7": 8}),
        ("[{1:{2:[{3:4}]}}]", [{"1": {"2": [{"3": 4}]}}]),
        ('{"a":"{1:2,3:4}"}', {"a": "{1:2,3:4}"}),
        ('{1:"{1:\\"2\\",\\\\"}', {"1": '{1:"2",\\'}),
        ("{'a':'b'}", {"a": "b"}),
        ("""{'it\\'s "so"':'\\n'}""", {'it\'s "so"': "\n"}),
        ("{name:true,other_name:null}", {"name": True, "other_name": None}),
        ("{true:1,null:2}", {"true": 1, "null": 2}),
        ('{,"a":1,,"b":[1,2,,],}', {"a": 1, "b": [1, 2]}),
        ('{"größe":1,2:"ü"}', {"größe": 1, "2": "ü"}),
        ('{"a":{"$ref":"$.b"},1:2}', {"a": {"$ref": "$.b"}, "1": 2}),
        (" {0:1} \n", {"0": 1}),
    ],
)
def test_the_dialect(text: str, content: object) -> None:
    assert loads(text.encode()) == content


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{0:1",
        "{0:}",
        "{:1}",
        '{0:"',
        "{0:'a",
        "{0:1}}",
        "{0 1}",
        "nothing",
        "{0:nothing}",
        '"\\ud800"',
        "'\\'",
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text.encode())


@given(st.binary(max_size=80) | st.text("{}[]:,\"'\\ 0aé\n", max_size=60).map(str.encode))
@example(b"{0:\xff}")
def test_no_other_error_than_value_error(raw: bytes) -> None:
    with contextlib.suppress(ValueError):
        dumps_legacy(loads(raw))


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"{0:", b"{'"])
@pytest.mark.parametrize("depth", [1100, 300_000])
def test_deep_nesting_is_an_error_of_value(opening: bytes, depth: int) -> None:
    with pytest.raises(ValueError):
        loads(opening * depth)


def test_a_typed_decoder_reads_the_dialect_too() -> None:
    decoder = msgspec.json.Decoder(dict[str, list[int]])
    assert decode(decoder, b'{"a":[1]}') == decode(decoder, b"{a:[1,]}") == {"a": [1]}
    with pytest.raises(msgspec.ValidationError, match="int"):
        decode(decoder, b'{"a":["1"]}')
    for raw in (b"", b"{", b"{a:[x]}", b"\xff", b'{"\xff":[]}'):
        with pytest.raises(ValueError):
            decode(decoder, raw)
    for deep in (b"[" * 100_000, b"{a:" * 100_000):
        with pytest.raises(ValueError, match="nested"):
            decode(msgspec.json.Decoder(), deep)


def test_what_cannot_be_written_is_an_error_of_value() -> None:
    deep: list[Any] = []
    for _ in range(2000):
        deep = [deep]
    for write in (dumps, dumps_legacy):
        for content in (deep, object(), {"a": {1, 2}}):
            with pytest.raises(ValueError):
                write(content)


@pytest.mark.parametrize(
    "part", [b"a", b"a:", b"'", b'"', b"\\", b'\\"', b"'\\", b",", b" ", b"{,", b"a ", b'"\\a', b"[0:", b'"":', b"\xff"]
)
@pytest.mark.parametrize("head", [b"", b'"', b"'", b"{0:"])
def test_hostile_texts_take_time_and_memory_in_proportion(head: bytes, part: bytes) -> None:
    """A regular expression that goes back would need hours or gigabytes for some of these."""
    raw = head + part * (100_000 // len(part))
    began = time.process_time()
    tracemalloc.start()
    try:
        standard(raw)
    except ValueError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert time.process_time() - began < 3
    assert peak < 2_000_000


def test_many_escapes_in_one_string_of_the_dialect_are_refused() -> None:
    many = rb"\n" * 5000
    assert loads(b'{"0":"%b"}' % many) == {"0": "\n" * 5000}
    with pytest.raises(ValueError, match="escapes"):
        loads(b'{0:"%b"}' % many)


def test_the_two_ways_of_writing() -> None:
    content: dict[str, Any] = {"b": {10: "x", 9: "é"}, "a": [True, None, 1.5, {}]}
    assert dumps(content) == '{"a":[true,null,1.5,{}],"b":{"10":"x","9":"é"}}'.encode()
    assert dumps_legacy(content) == '{"a":[true,null,1.5,{}],"b":{9:"é",10:"x"}}'.encode()


def test_a_table_of_ten_thousand_topics_is_made_standard_in_no_time() -> None:
    topic = {"attributes": {}, "order": False, "perm": 6, "readQueueNums": 8, "topicName": "T", "writeQueueNums": 8}
    raw = dumps({f"T{number}": topic for number in range(10_000)})
    legacy = b"{0:" + raw + b"}"
    began = time.process_time()
    assert orjson.loads(standard(legacy)) == {"0": orjson.loads(raw)}
    assert time.process_time() - began < 2
