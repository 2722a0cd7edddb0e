"""Signatures: the reference's worked example, and what is signed in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.wire.signatures import canonical, sign

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)


def test_the_reference() -> None:
    content = canonical({"topic": "TopicTest", "AccessKey": "rocketmq2"}, None)
    assert content == b"rocketmq2TopicTest"
    assert sign("12345678", content) == "GeeGoP9mRvDhoVp4PD5omX0prgE="


def test_upper_case_comes_first_and_the_body_last() -> None:
    ext = {"b": "2", "B": "1", "é": "3", "Signature": "x", "__ZONE_NAME": "z"}
    assert canonical(ext, b"\xffbody") == b"1z23" + b"\xffbody"
    assert canonical(ext, None, leave_out=("__ZONE_NAME", "__ZONE_MODE")) == b"123"
    assert canonical(None, None) == canonical({}, b"") == b""


def test_the_order_is_that_of_utf_16_units() -> None:
    assert canonical({"\uffff": "last", "\U0001f600": "first"}, None) == b"firstlast"


@given(st.dictionaries(TEXTS, TEXTS, max_size=4), st.binary(max_size=10), TEXTS)
def test_the_signature_itself_and_the_order_of_sending_do_not_count(
    ext: dict[str, str], body: bytes, signature: str
) -> None:
    ext.pop("Signature", None)
    content = canonical(ext, body)
    assert canonical({"Signature": signature, **dict(reversed(ext.items()))}, body) == content
    assert content.endswith(body)


@pytest.mark.parametrize("secret", ["", "x", "é" * 100])
def test_every_secret_signs(secret: str) -> None:
    assert len(sign(secret, b"content")) == 28
    assert sign(secret, b"content") != sign(secret + "2", b"content")
