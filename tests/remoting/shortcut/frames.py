"""Frames of all kinds, for property tests."""

import json
from typing import Any

from hypothesis import strategies as st

from nsredis.wire.codes import OUR_VERSION
from nsredis.wire.commands import Command, Serialization, encode
from tests.remoting.shortcut.both_ways import TOPICS

OPAQUES = st.one_of(st.sampled_from([0, 1, 9, 10, 77, 4711, 123_456, 2**31 - 1]), st.integers(-9, 2**31 - 1))
VERSIONS = st.sampled_from([0, 317, 400, 401, OUR_VERSION])

ODD: dict[str, list[Any]] = {
    "code": [106, 206, 0, "105", 105.0, None],
    "opaque": [-1, 2**31, -(2**31) - 1, 1.0, 1.5, 1e3, "7", "x", None, True],
    "flag": [1, 2, 3, 4, None, "0"],
    "version": [-1, 2**31, "479", None, 401.0],
    "language": ["odd", 9, None, {}],
    "remark": ["words", 3],
    "extFields": [None, "none", [], {}],
    "unknown": [[1, {"opaque": 3}]],
}
"""What a field of a header may be in place of what it should be."""

ODD_PARAMETERS: dict[str, list[Any]] = {
    "topic": ["", "Nope", 7, None, True, ["TopicA"]],
    "acceptStandardJsonOnly": ["true", "TRUE", "false", "", True, None],
    "__ZONE_MODE": ["true", "false", "", None],
    "__ZONE_NAME": ["z1", " ", ""],
    "brokerName": ['"opaque":5,"topic":"TopicB"'],
    "opaque": ["5", 5],
}


@st.composite
def odd_headers(draw: st.DrawFn) -> bytes:
    """JSON headers in any order, with a few fields missing, wrong or twice, and with blanks."""
    ext: dict[str, Any] = {"topic": draw(st.sampled_from(TOPICS))}
    for name in draw(st.lists(st.sampled_from(list(ODD_PARAMETERS)), max_size=2)):
        ext[name] = draw(st.sampled_from(ODD_PARAMETERS[name]))
    header = {"code": 105, "opaque": draw(OPAQUES), "flag": 0, "version": draw(VERSIONS), "extFields": ext}
    for name in draw(st.lists(st.sampled_from(list(ODD)), max_size=2)):
        header[name] = draw(st.sampled_from(ODD[name]))
    items = list(draw(st.permutations(list(header.items()))))
    if draw(st.integers(0, 7)) == 0:
        items.pop()
    if draw(st.integers(0, 7)) == 0:
        items.append(draw(st.sampled_from([("opaque", 77), ("extFields", {"topic": "TopicB"})])))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    plain = draw(st.booleans())
    return (
        "{" + comma.join(f"{json.dumps(k)}{colon}{json.dumps(v, ensure_ascii=plain)}" for k, v in items) + "}"
    ).encode()


def framed(header: bytes, form: int = 0, body: bytes = b"") -> bytes:
    return (4 + len(header) + len(body)).to_bytes(4) + bytes([form]) + len(header).to_bytes(3) + header + body


@st.composite
def plain_frames(draw: st.DrawFn) -> bytes:
    """What clients send."""
    ext = {"topic": draw(st.sampled_from([*TOPICS, "Nope"]))}
    zone = {"__ZONE_MODE": "true", "__ZONE_NAME": "z"}
    ext |= draw(st.sampled_from([{}, {}, {}, {"acceptStandardJsonOnly": "true"}, zone]))
    return encode(
        Command(
            draw(st.sampled_from([105] * 9 + [206])),
            draw(OPAQUES),
            draw(st.sampled_from([0] * 9 + [1, 2, 64])),
            draw(VERSIONS),
            draw(st.sampled_from(["JAVA", "GO", "CPP"])),
            ext=draw(st.sampled_from([ext] * 9 + [None])),
            body=draw(st.sampled_from([None] * 9 + [b"a body"])),
            serialization=draw(st.sampled_from(Serialization)),
        )
    )


@st.composite
def broken_frames(draw: st.DrawFn) -> bytes:
    """Good frames with some bytes changed or cut out."""
    frame = bytearray(draw(plain_frames()))
    for _ in range(draw(st.integers(1, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(frame)))
    return bytes(frame[:cut] + frame[cut + draw(st.integers(0, 1)) :])


FRAMES = st.one_of(*[plain_frames()] * 5, *[odd_headers().map(framed)] * 4, broken_frames())
