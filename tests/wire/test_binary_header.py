"""The binary header: RocketMQ's own sizes, texts that are empty, lengths that lie."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.binary_header import read, write
from nsredis.wire.codes import LANGUAGES
from nsredis.wire.frames import MalformedFrame

INT16 = st.integers(-(2**15), 2**15 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(
    *(INT16, INT32, INT32, INT16, st.sampled_from(LANGUAGES), st.none() | TEXTS),
    st.none() | st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=5),
)
def test_what_is_written_is_read(
    code: int, opaque: int, flag: int, version: int, language: str, remark: str | None, ext: dict[str, str] | None
) -> None:
    header = (code, opaque, flag, version, language, remark, ext)
    assert read(write(*header)) == header


def test_the_sizes_are_those_of_rocketmqs_own_test() -> None:
    assert len(write(103, 1, 0, 2333, "JAVA", None, None)) == 21
    assert len(write(103, 1, 0, 2333, "JAVA", "Sample Remark", None)) == 21 + 13
    assert len(write(103, 1, 0, 2333, "JAVA", None, {"key": "value"})) == 21 + 14


def test_empty_texts_are_null() -> None:
    assert read(write(1, 2, 0, 3, "JAVA", "", {}))[5:] == (None, None)
    assert read(write(1, 2, 0, 3, "JAVA", None, {"a": "", "": "b", "c": "d"}))[6] == {"c": "d"}


@pytest.mark.parametrize(
    ("language", "name"), [(0, "JAVA"), (9, "GO"), (13, "NODE_JS"), (14, "OTHER"), (0xFF, "OTHER")]
)
def test_languages_by_number(language: int, name: str) -> None:
    header = bytearray(write(1, 2, 0, 3, "JAVA", None, None))
    header[2] = language
    assert read(bytes(header))[4] == name


def test_a_language_that_is_not_known_is_written_as_other() -> None:
    assert read(write(1, 2, 0, 3, "COBOL", None, None))[4] == "OTHER"


def _header(
    remark: bytes = b"", ext: bytes = b"", *, remark_length: int | None = None, ext_length: int | None = None
) -> bytes:
    fixed = struct.pack(">hbhiii", 105, 0, 479, 7, 0, len(remark) if remark_length is None else remark_length)
    return fixed + remark + struct.pack(">i", len(ext) if ext_length is None else ext_length) + ext


@pytest.mark.parametrize(
    "header",
    [
        b"",
        _header(remark_length=-1),
        _header(remark_length=5),
        _header(remark_length=2**31 - 1),
        _header(ext_length=-1),
        _header(ext_length=1),
        _header(ext_length=2**31 - 1),
        _header(ext=b"\x00\x01a\x00\x00\x00\x01b", ext_length=7),
        _header(b"\xff"),
        _header(ext=b"\xff\xffa\x00\x00\x00\x01b"),
        _header(ext=b"\x00\x01a\xff\xff\xff\xffb"),
        _header(ext=b"\x00\x01a\x00\x00\x00\x02b"),
        _header(ext=b"\x00\x09a\x00\x00\x00\x01b"),
        _header(ext=b"\x00\x01a\x00\x00"),
        _header(ext=b"\xff\xff\xff\xff\xfb"),  # back to where it began, for ever
        _header(ext=b"\x00"),
        _header(ext=b"\x00\x01\xff\x00\x00\x00\x01b"),
        _header() + b"more",
    ],
)
def test_lengths_that_lie_are_malformed(header: bytes) -> None:
    with pytest.raises(MalformedFrame):
        read(header)


def test_a_header_cut_at_every_byte_is_malformed() -> None:
    header = write(105, 7, 0, 479, "JAVA", "remark", {"topic": "TopicTest", "b": "é"})
    for cut in range(len(header)):
        with pytest.raises(MalformedFrame):
            read(header[:cut])


@given(st.binary(max_size=100) | st.binary(max_size=60).map(lambda ext: _header(ext=ext)))
def test_no_other_error_than_malformed_frame(header: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        read(header)


def test_what_does_not_fit_is_refused_on_writing() -> None:
    with pytest.raises(ValueError, match="name"):
        write(1, 2, 0, 3, "JAVA", None, {"k" * 0x8000: "v"})
    for header in ((2**15, 0, 0, 0), (0, 2**31, 0, 0), (0, 0, 2**31, 0), (0, 0, 0, 2**15)):
        with pytest.raises(ValueError, match="number"):
            write(*header, "JAVA", None, None)
    assert read(write(1, 2, 0, 3, "JAVA", None, {"k" * 0x7FFF: "v" * 100_000}))[6] == {"k" * 0x7FFF: "v" * 100_000}
