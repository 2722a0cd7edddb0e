"""The PROXY protocol: both versions, cut at every byte, and everything that is broken or something else."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.frames import MalformedFrame
from nsredis.wire.proxy_protocol import NeedMore, NotProxy, ProxyHeader, parse
from tests.wire.reference_frames import GET_ROUTE

SIGNATURE = bytes.fromhex("0D0A0D0A000D0A515549540A")
FOUR = bytes([10, 0, 0, 7, 10, 0, 0, 1]) + struct.pack(">HH", 51000, 9876)
SIX = bytes(15) + b"\x01" + bytes(15) + b"\x02" + struct.pack(">HH", 1, 65535)


def _binary(rest: bytes, *, command: int = 0x21, family: int = 0x11, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, family, len(rest) if length is None else length) + rest


HEADERS = [
    (b"PROXY TCP4 10.0.0.7 10.0.0.1 51000 9876\r\n", "10.0.0.7:51000", "10.0.0.1:9876", ()),
    (b"PROXY TCP6 ::1 2001:db8::2 1 65535\r\n", "[::1]:1", "[2001:db8::2]:65535", ()),
    (b"PROXY UNKNOWN\r\n", "", "", ()),
    (b"PROXY UNKNOWN ffff:f...f ffff 65535 65535\r\n", "", "", ()),
    (_binary(FOUR), "10.0.0.7:51000", "10.0.0.1:9876", ()),
    (_binary(FOUR, family=0x12), "10.0.0.7:51000", "10.0.0.1:9876", ()),
    (_binary(SIX, family=0x21), "[::1]:1", "[::2]:65535", ()),
    (_binary(FOUR + b"\xea\x00\x03abc\x04\x00\x00"), "10.0.0.7:51000", "10.0.0.1:9876", ((0xEA, b"abc"), (4, b""))),
    (_binary(b"", command=0x20, family=0), "", "", ()),
    (_binary(b"whatever", command=0x20, family=0x11), "", "", ()),
    (_binary(b"whatever", family=0), "", "", ()),
    (_binary(bytes(216), family=0x31), "", "", ()),
    (_binary(FOUR + b"\x03\xff\xf0" + bytes(0xFFF0)), "10.0.0.7:51000", "10.0.0.1:9876", ((3, bytes(0xFFF0)),)),
]


@pytest.mark.parametrize(("raw", "source", "destination", "tlvs"), HEADERS, ids=range(len(HEADERS)))
def test_headers_alone_and_before_a_frame(
    raw: bytes, source: str, destination: str, tlvs: tuple[tuple[int, bytes], ...]
) -> None:
    expected = ProxyHeader(source, destination, len(raw), tlvs)
    assert parse(raw) == parse(raw + GET_ROUTE) == parse(raw + raw) == expected


@pytest.mark.parametrize("raw", [header[0] for header in HEADERS], ids=range(len(HEADERS)))
def test_headers_cut_at_every_byte_need_more(raw: bytes) -> None:
    for cut in [*range(min(len(raw), 300)), len(raw) - 1]:
        assert parse(raw[:cut]) == NeedMore()


@pytest.mark.parametrize(
    "raw", [GET_ROUTE, GET_ROUTE[:1], b"\x16\x03\x01", b"PRIX", b"GET /", b"\r\n\r\n\x01", b"\r\nPROXY", b"x"]
)
def test_what_is_something_else(raw: bytes) -> None:
    assert parse(raw) == NotProxy()


@pytest.mark.parametrize(
    "raw",
    [
        b"PROXY\r\n",
        b"PROXY \r\n",
        b"PROXYTCP4 10.0.0.7 10.0.0.1 51000 9876\r\n",
        b"PROXY TCP5 10.0.0.7 10.0.0.1 51000 9876\r\n",
        b"PROXY TCP4 10.0.0.7 10.0.0.1 51000\r\n",
        b"PROXY TCP4 10.0.0.7 10.0.0.1 51000 9876 1\r\n",
        b"PROXY TCP4  10.0.0.7 10.0.0.1 51000 9876\r\n",
        b"PROXY TCP4 10.0.0.777 10.0.0.1 51000 9876\r\n",
        b"PROXY TCP4 ::1 ::1 51000 9876\r\n",
        b"PROXY TCP6 10.0.0.7 10.0.0.1 51000 9876\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 51000 9876\r\n",
        b"PROXY TCP4 10.0.0.7 10.0.0.1 65536 9876\r\n",
        b"PROXY TCP4 10.0.0.7 10.0.0.1 -1 9876\r\n",
        b"PROXY TCP4 10.0.0.7 10.0.0.1 \xb2 9876\r\n",
        b"PROXY TCP4 10.0.0.7 10.0.0.1 \xff 9876\r\n",
        b"PROXY UNKNOWN " + b"x" * 92 + b"\r\n",
        b"PROXY UNKNOWN " + b"x" * 200,
        _binary(FOUR, command=0x11),
        _binary(FOUR, command=0x22),
        _binary(FOUR[:-1]),
        _binary(FOUR, family=0x21),
        _binary(FOUR + b"\x01"),
        _binary(FOUR + b"\x01\x00\x02x"),
        _binary(FOUR + b"\x01\x00\x01xy"),
    ],
)
def test_what_is_broken(raw: bytes) -> None:
    with pytest.raises(MalformedFrame):
        parse(raw)


def test_the_longest_line() -> None:
    line = b"PROXY UNKNOWN " + b"x" * 91
    assert len(line) == 105
    assert parse(line) == parse(line + b"\r") == NeedMore()
    assert parse(line + b"\r\n") == ProxyHeader("", "", 107)
    with pytest.raises(MalformedFrame, match="107"):
        parse(line + b"xy")


@given(
    st.sampled_from([b"", b"PROXY", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00\x10"]), st.binary(max_size=60)
)
def test_no_other_error_than_malformed_frame(head: bytes, rest: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        found = parse(head + rest)
        assert not isinstance(found, ProxyHeader) or found.length <= len(head + rest)
