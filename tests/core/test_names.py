import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsredis.core.errors import InvalidField
from nsredis.core.names import (
    MAX_BROKER_ID,
    check_address,
    check_broker_id,
    check_foreign_address,
    check_foreign_name,
    check_foreign_topic,
    check_foreign_topics,
    check_name,
    check_text,
    check_topic,
    check_topics,
    decode,
    encode,
    inside,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT)
def test_a_name_survives_its_encoding(name: str) -> None:
    assert decode(encode(name)) == name


@given(TEXT)
def test_an_encoded_name_is_free_of_what_keys_and_members_are_made_of(name: str) -> None:
    assert not set(encode(name)) & set(" :/{}=\n\r\t*?[]\\")


@given(TEXT, TEXT)
def test_two_names_never_share_an_encoding(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize("topic", ["T", "%RETRY%group", "a|b", "a-b_C9", "x" * 127])
def test_topics_that_may_be_created(topic: str) -> None:
    assert check_topic("topic", topic) == topic


@pytest.mark.parametrize("topic", ["", "a.b", "a b", "ü", "a\n", "x" * 128, "a/b"])
def test_topics_that_may_not(topic: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_topic("topics", topic)
    assert refused.value.field == "topics"


@pytest.mark.parametrize("name", ["DefaultCluster", "broker-a", "a.b", "x" * 255])
def test_names_that_may_be_created(name: str) -> None:
    assert check_name("cluster", name) == name


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "{x}", "x" * 256, ".", ".."])
def test_names_that_may_not(name: str) -> None:
    with pytest.raises(InvalidField, match=r"^cluster: "):
        check_name("cluster", name)


@given(st.integers(0, MAX_BROKER_ID))
def test_a_broker_id_is_its_digits(broker_id: int) -> None:
    assert check_broker_id("id", str(broker_id)) == broker_id


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1.0", "x", "\u0661", "1_0", str(MAX_BROKER_ID + 1), "0" * 20, "9" * 9999]
)
def test_what_is_no_broker_id(text: str) -> None:
    with pytest.raises(InvalidField):
        check_broker_id("id", text)


@pytest.mark.parametrize("character", ["\0", "\n", "\t", "\x1b", "\x7f", "\x9b", "\ud800"])
def test_a_text_has_no_control_characters(character: str) -> None:
    with pytest.raises(InvalidField, match=r"^zone: must not have control characters"):
        check_text("zone", f"az{character}1", 255)


def test_any_other_text_is_good_up_to_its_length() -> None:
    assert check_text("zone", "Zürich · 東京 1", 255) == "Zürich · 東京 1"
    assert check_text("zone", "", 255) == ""
    with pytest.raises(InvalidField, match=r"^zone: must have at most 3 characters"):
        check_text("zone", "four", 3)


PORTS = st.integers(1, 65535)


@given(st.from_regex(r"[a-zA-Z0-9_.-]{1,60}", fullmatch=True), PORTS)
def test_host_and_port(host: str, port: int) -> None:
    assert check_address("address", f"{host}:{port}") == f"{host}:{port}"


@given(st.ip_addresses(), PORTS)
def test_ip_addresses(ip: object, port: int) -> None:
    host = f"[{ip}]" if ":" in str(ip) else str(ip)
    assert check_address("address", f"{host}:{port}") == f"{host}:{port}"


NO_ADDRESSES = """
    host | :1 | host: | host:0 | host:080 | host:00080 | host:65536 | host:99999999999 | host:1x | host:-1
    host: 1 | ho st:1
    ::1:80 | [::1] | []:1 | [::1:1 | http://h:1 | a;b:1 | h:1;g:2
"""


@pytest.mark.parametrize(
    "address",
    ["", "h\n:1", "h:1\n", "x" * 256 + ":1", *(part.strip() for part in re.split(r"[|\n]", NO_ADDRESSES.strip()))],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InvalidField):
        check_address("address", address)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        assert check_address("address", text) == text
    except InvalidField as refused:
        assert refused.field == "address"  # noqa: PT017 - both outcomes are right, a third is not


@given(st.lists(st.text(st.sampled_from("aB9%|_-. ü\n"), max_size=130), max_size=5))
def test_many_topics_are_checked_as_one_by_one(topics: list[str]) -> None:
    def refused(check: Callable[[], object]) -> str | None:
        try:
            check()
        except InvalidField as error:
            return str(error)
        return None

    assert refused(lambda: check_topics("f", topics)) == refused(
        lambda: [check_topic(inside("f", topic), topic) for topic in topics]
    )
    assert refused(lambda: check_foreign_topics("f", topics)) == refused(
        lambda: [check_foreign_topic(inside("f", topic), topic) for topic in topics]
    )


@pytest.mark.parametrize(
    ("topic", "field"),
    [("a b", "topics.a b"), ("", 'topics.""'), ("x" * 127, f"topics.{'x' * 127}"), ("x" * 128, f"topics.{'x' * 127}…")],
)
def test_a_topic_among_many_is_named(topic: str, field: str) -> None:
    assert inside("topics", topic) == field


@pytest.mark.parametrize("name", ["a b", "broker:1", "имя", "x" * 255])
def test_names_that_only_remoting_may_use(name: str) -> None:
    assert check_foreign_name("brokerName", name) == name
    assert check_foreign_topic("topic", name) == name


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "a\0", "\x7f", "\ud800"])
def test_names_that_remoting_may_not_use_either(name: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_foreign_name("brokerName", name)
    assert refused.value.field == "brokerName"


@pytest.mark.parametrize("address", ["10.0.0.1:10911", "fe80::1:10911", "[::1]:1", "bröker:65535"])
def test_addresses_of_remoting(address: str) -> None:
    assert check_foreign_address("address", address) == address


@pytest.mark.parametrize("address", ["", "host", ":1", "host:", "host:0", "host:65536", "ho st:1", "h\n:1", "host:x"])
def test_what_is_no_address_of_remoting_either(address: str) -> None:
    with pytest.raises(InvalidField):
        check_foreign_address("address", address)
