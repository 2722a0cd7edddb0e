"""Commands in and out, byte for byte as in the reference's worked examples."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.codes import LANGUAGES, RequestCode, ResponseCode
from nsredis.wire.commands import Command, Serialization, decode, encode
from nsredis.wire.frames import MAX_FRAME, MalformedFrame
from tests.wire import reference_frames as reference

INT16 = st.integers(-(2**15), 2**15 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
COMMANDS = st.builds(
    Command,
    code=INT16,
    opaque=INT32,
    flag=INT32,
    version=INT16,
    language=st.sampled_from(LANGUAGES),
    remark=st.none() | TEXTS,
    ext=st.none() | st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4),
    body=st.none() | st.binary(min_size=1, max_size=60),
    serialization=st.sampled_from(Serialization),
)
EXAMPLES = [
    frame
    for name, frame in vars(reference).items()
    if isinstance(frame, bytes) and name not in ("COMPRESSED_PLAIN", "ROUTE_BINARY_HEAD")
]


@given(COMMANDS)
def test_what_is_encoded_is_decoded(command: Command) -> None:
    frame = encode(command)
    assert int.from_bytes(frame[:4]) == len(frame) - 4
    assert frame[4] == command.serialization
    assert decode(frame[4:]) == command


@pytest.mark.parametrize("frame", EXAMPLES)
def test_the_reference_is_read_and_written_byte_for_byte(frame: bytes) -> None:
    assert len(EXAMPLES) == 7
    assert encode(decode(frame[4:])) == frame


def test_a_registration_of_the_reference() -> None:
    command = decode(reference.REGISTER[4:])
    assert (command.code, command.opaque, command.version) == (RequestCode.REGISTER_BROKER, 1, 479)
    assert command.ext is not None
    assert command.ext["bodyCrc32"] == "1392087926"
    assert command.body is not None
    assert (len(command.body), command.body[:1], command.body[-1:]) == (605, b"{", b"}")
    assert encode(command.reply(ResponseCode.SUCCESS, ext={})) == reference.REGISTERED


def test_a_route_of_the_reference_in_both_forms() -> None:
    asked, binary = decode(reference.GET_ROUTE[4:]), decode(reference.GET_ROUTE_BINARY[4:])
    assert asked.ext == binary.ext == {"topic": "TopicTest"}
    body = decode(reference.ROUTE[4:]).body
    assert encode(asked.reply(ResponseCode.SUCCESS, body=body)) == reference.ROUTE
    assert body is not None
    assert encode(binary.reply(ResponseCode.SUCCESS, body=body)) == reference.ROUTE_BINARY_HEAD + body


def test_no_route_of_the_reference() -> None:
    asked = Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, 8)
    remark = (
        "No topic route info in name server for the topic: Nope\n"
        "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details."
    )
    assert encode(asked.reply(ResponseCode.TOPIC_NOT_EXIST, remark=remark)) == reference.NO_ROUTE


def test_flags() -> None:
    assert [(Command(1, flag=flag).is_response, Command(1, flag=flag).one_way) for flag in range(4)] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]


@given(COMMANDS)
def test_a_reply_pairs_with_its_request(command: Command) -> None:
    reply = command.reply(0, body=b"")
    assert (reply.opaque, reply.serialization, reply.is_response) == (command.opaque, command.serialization, True)
    assert (reply.body, reply.ext, reply.remark, reply.language, reply.version) == (None, None, None, "JAVA", 479)


@pytest.mark.parametrize("frame", EXAMPLES)
def test_a_payload_cut_in_its_header_is_malformed(frame: bytes) -> None:
    header_ends = 4 + int.from_bytes(frame[5:8])
    for cut in range(header_ends):
        with pytest.raises(MalformedFrame):
            decode(frame[4 : 4 + cut])


@pytest.mark.parametrize("form", [2, 3, 0x16, 0xFF])
def test_other_header_forms_are_malformed(form: int) -> None:
    with pytest.raises(MalformedFrame, match=str(form)):
        decode(bytes([form]) + reference.GET_ROUTE[5:])


@pytest.mark.parametrize("frame", EXAMPLES)
def test_a_header_that_is_longer_than_its_frame_is_malformed(frame: bytes) -> None:
    header_ends = 8 + int.from_bytes(frame[5:8])
    longer = frame[4:5] + (header_ends - 7).to_bytes(3) + frame[8:header_ends]
    with pytest.raises(MalformedFrame, match="fit"):
        decode(longer)


def test_a_header_has_at_least_one_byte() -> None:
    for form in Serialization:
        with pytest.raises(MalformedFrame):
            decode(bytes([form, 0, 0, 0]) + b"{}")


def test_a_header_that_no_length_can_tell_is_refused() -> None:
    for form in Serialization:
        with pytest.raises(ValueError, match="header"):
            encode(Command(1, remark="x" * MAX_FRAME, serialization=form))


@given(st.binary(max_size=80), st.sampled_from([b"", b"\x00\x00\x00\x04", b"\x01\x00\x00\x15", b"\x01\x00\x00\x29"]))
def test_no_other_error_than_malformed_frame(payload: bytes, head: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        decode(head + payload)
