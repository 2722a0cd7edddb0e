"""Java's properties. The expected values are what JDK 17's Properties.load gives for the same bytes."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.properties import parse, render


@pytest.mark.parametrize(
    ("raw", "properties"),
    [
        (b"", {}),
        (
            b"enableTopicList=false\norderMessageEnable=true\n",
            {"enableTopicList": "false", "orderMessageEnable": "true"},
        ),
        (b"a=1\rb=2\r\nc=3", {"a": "1", "b": "2", "c": "3"}),
        (b"a:1\nb 2\nc\t3\nd = 4\ne : 5\nf  6 ", {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": "6 "}),
        (b"a==1\nb=:2\nc = = 3", {"a": "=1", "b": ":2", "c": "= 3"}),
        (b"# note\n ! note\n\n \t\f\na=1#2", {"a": "1#2"}),
        (b"# note \\\na=1", {"a": "1"}),
        (b"a=1\\\n   2\\\r\n\t3\nb=4", {"a": "123", "b": "4"}),
        (b"a=1\\\n# 2", {"a": "1# 2"}),
        (b"a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        (b"a=1\\\n\nb=2", {"a": "1", "b": "2"}),
        (b"a=1\\", {"a": "1"}),
        (b"\\\n\na=1", {"a": "1"}),
        (b"\\\n# note\na=1", {"a": "1"}),
        (b"a=1\n\\\n", {"a": "1", "": ""}),
        (b"a\\=b\\:c\\ d=1", {"a=b:c d": "1"}),
        (b"a\\\\=1", {"a\\": "1"}),
        (b'a=\\t\\n\\r\\f\\q\\"', {"a": '\t\n\r\fq"'}),
        (b"a=\\u00e9\\uD83D\\uDE00\\u0041BC", {"a": "é😀ABC"}),
        (b"a=\\ud83d", {"a": "�"}),
        ("a=é".encode(), {"a": "Ã©"}),
        (b"{key=value}", {"{key": "value}"}),
        (b"key", {"key": ""}),
        (b"=value", {"": "value"}),
        (b"a=1\na=2", {"a": "2"}),
    ],
)
def test_as_java_reads_them(raw: bytes, properties: dict[str, str]) -> None:
    assert parse(raw) == properties


@pytest.mark.parametrize("raw", [b"a=\\u", b"a=\\u12", b"a=\\u12g4", b"\\uxxxx=1", b"a=\\\\\\u1"])
def test_a_broken_escape_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="four"):
        parse(raw)


@given(st.text("ab=: \t\f#!\\u0\n\r", max_size=40) | st.text(st.characters(codec="utf-8"), max_size=20))
def test_no_other_error_than_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        render(parse(text.encode()))


@given(st.dictionaries(st.text("abcXYZ.", min_size=1), st.text("abc XYZ09=:;/.$#!", max_size=12).map(str.strip)))
def test_what_is_rendered_is_parsed(properties: dict[str, str]) -> None:
    """A value that begins with a separator is not: RocketMQ's own form escapes nothing either."""
    plain = {key: re.sub(r"^[=:\s]+", "", value) for key, value in properties.items()}
    assert parse(render(plain)) == plain


def test_how_they_are_rendered() -> None:
    assert render({"b": "1", "a": "é"}) == "a=é\nb=1\n".encode()
    assert render({}) == b""
