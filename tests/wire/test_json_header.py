"""The JSON header: what real clients were seen to send, the bounds of its numbers, and hostile ones."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.codes import LANGUAGES
from nsredis.wire.frames import MalformedFrame
from nsredis.wire.json_header import MAX_LENIENT, read, write

INT32 = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    INT32, INT32, INT32, INT32, st.sampled_from(LANGUAGES), st.none() | TEXTS, st.none() | st.dictionaries(TEXTS, TEXTS)
)
def test_what_is_written_is_read(
    code: int, opaque: int, flag: int, version: int, language: str, remark: str | None, ext: dict[str, str] | None
) -> None:
    header = (code, opaque, flag, version, language, remark, ext)
    assert read(write(*header)) == header


def test_the_order_is_javas() -> None:
    assert (
        write(17, -8, 1, 479, "JAVA", 'no\n"route"', {"b": "1", "a": "é"})
        == (
            '{"code":17,"extFields":{"b":"1","a":"é"},"flag":1,"language":"JAVA","opaque":-8,'
            '"remark":"no\\n\\"route\\"","serializeTypeCurrentRPC":"JSON","version":479}'
        ).encode()
    )
    assert write(0, 7, 1, 479, "COBOL", None, None) == (
        b'{"code":0,"flag":1,"language":"OTHER","opaque":7,"serializeTypeCurrentRPC":"JSON","version":479}'
    )


def test_a_minimal_request() -> None:
    assert read(b'{"code":106,"opaque":1}') == (106, 1, 0, 0, "JAVA", None, None)
    assert read(b"{}") == (0, 0, 0, 0, "JAVA", None, None)


def test_what_the_cpp_client_sends() -> None:
    header = (
        b'{"code":105,"extFields":{"AccessKey":"","OnsChannel":"ALIYUN","Signature":"hRggFhlcpETUvH4Wo5uewumoNK8=",'
        b'"topic":"LabTopic"},"flag":0,"language":"CPP","opaque":0,"remark":"","version":63}\n'
    )
    code, opaque, flag, version, language, remark, ext = read(header)
    assert (code, opaque, flag, version, language, remark) == (105, 0, 0, 63, "CPP", "")
    assert ext is not None
    assert (ext["topic"], ext["AccessKey"], len(ext)) == ("LabTopic", "", 4)


@pytest.mark.parametrize(
    ("sent", "language"),
    [
        ('"GO"', "GO"),
        ("9", "GO"),
        ("0", "JAVA"),
        ("null", "JAVA"),
        ("true", "CPP"),
        *((other, "OTHER") for other in ("14", "-1", '"go"', '"COBOL"', "[]", "1.5")),
    ],
)
def test_languages_by_name_and_by_number(sent: str, language: str) -> None:
    assert read(f'{{"code":1,"language":{sent}}}'.encode())[4] == language


def test_parameters_that_are_no_text_become_text() -> None:
    sent = {
        b"true": "true",
        b"false": "false",
        b"3": "3",
        b"-1.5": "-1.5",
        b"9223372036854775807": "9223372036854775807",
        b'{"y":[1, 2],"x":null}': '{"x":null,"y":[1,2]}',
        b'""': "",
    }
    for value, text in sent.items():
        assert read(b'{"extFields":{"a":%b,"b":null}}' % value)[6] == {"a": text}


@pytest.mark.parametrize(
    "header",
    [
        b'{"code":"105","opaque":"-3","version":1}',
        b"{code:105,opaque:-3,version:1}",
        b"{'code':105,'opaque':-3,'version':1,}",
        b' {"code" : 105 , "opaque" : -3 , "version":1, "unknown":[{"x":1}], "flag":null} \r\n\t ',
        b'{"version":1,"opaque":-3,"extFields":null,"code":105,"code":105,"remark":null}',
    ],
)
def test_other_ways_to_say_the_same(header: bytes) -> None:
    assert read(header) == (105, -3, 0, 1, "JAVA", None, None)


@pytest.mark.parametrize("name", ["code", "opaque", "flag", "version"])
@pytest.mark.parametrize(
    "value", ["2147483648", "-2147483649", "1.5", "[]", '""', '"x"', "1e3", '"%s"' % ("9" * 5000), "9" * 300]
)
def test_numbers_out_of_range_name_their_field(name: str, value: str) -> None:
    with pytest.raises(MalformedFrame, match=name):
        read(f'{{"{name}":{value}}}'.encode())


@pytest.mark.parametrize(
    "header",
    [
        *(b"", b" ", b"[]", b"7", b"null", b"{", b'{"code":1}x', b'{"extFields":[]}', b'{"extFields":"x"}'),
        b'{"remark":"\xff"}',
        b'{"a":' * 100_000,
        b"[" * 10_000_000,
        b'{"code":1,"a":' + b"[" * 1100 + b"]" * 1100 + b",}",
        b'{"extFields":{"a":' + b"[" * 300 + b"]" * 300 + b"}}",
    ],
)
def test_what_is_no_header_is_malformed(header: bytes) -> None:
    try:
        with pytest.raises(MalformedFrame):
            read(header)
    except RecursionError:
        pytest.fail("nesting got through")


def test_an_unknown_part_may_be_nested_deeply() -> None:
    assert read(b'{"code":5,"x":' + b"[" * 990 + b"]" * 990 + b"}")[0] == 5


def test_a_long_header_is_read_only_when_it_is_as_it_should_be() -> None:
    long = "x" * MAX_LENIENT
    assert read(f'{{"extFields":{{"a":"{long}"}}}}'.encode())[6] == {"a": long}
    with pytest.raises(MalformedFrame, match="bytes"):
        read(f'{{"extFields":{{"a":"{long}","b":1}}}}'.encode())


@given(st.binary(max_size=60) | st.text("{}[]:,\"'\\ 0ae", max_size=60).map(str.encode))
def test_no_other_error_than_malformed_frame(header: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        read(header)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | TEXTS,
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["code", "opaque", "language", "remark", "extFields", "flag", "version"]), inner
            )
            | st.lists(inner)
        ),
    )
)
def test_every_json_is_read_or_malformed_and_what_is_read_can_be_written(content: object) -> None:
    try:
        header = read(json.dumps(content).encode())
    except MalformedFrame:
        return
    assert read(write(*header)) == header
