"""What clusters, brokers and topics may be called, and how a name stands inside a key."""

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import quote, unquote

from nsredis.core.errors import InvalidField

MAX_TOPIC: Final = 127
MAX_NAME: Final = 255
MAX_FOREIGN: Final = 1024
MAX_BROKER_ID: Final = 2**63 - 1

# RocketMQ's TopicValidator; clusters and brokers may also have dots.
_TOPIC: Final = re.compile(r"[%|a-zA-Z0-9_-]+")
_NAME: Final = re.compile(r"[%|a-zA-Z0-9_.-]+")
_FOREIGN: Final = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOST: Final = re.compile(r"[a-zA-Z0-9_.-]+")
_IPV6: Final = re.compile(r"\[[0-9a-fA-F:.%a-z]+\]")


def encode(part: str) -> str:
    """The name as it stands inside a Redis key or member: percent-encoded, so free of `:`, `/`, `{` and blanks."""
    return quote(part, safe="")


def decode(part: str) -> str:
    """The inverse of `encode`."""
    return unquote(part)


def check_topic(field: str, topic: str) -> str:
    """The topic itself when it may be created; InvalidField otherwise."""
    return _check(field, topic, _TOPIC, MAX_TOPIC, "letters, digits, and the characters %|_-")


def inside(field: str, topic: str) -> str:
    """The path of one topic in a field that has many, such as `topics.TopicA`: how a name that is too long begins."""
    if not topic:
        return f'{field}.""'
    return f"{field}.{topic[:MAX_TOPIC]}…" if len(topic) > MAX_TOPIC else f"{field}.{topic}"


def check_topics(field: str, topics: Collection[str]) -> None:
    """InvalidField, which names the topic, unless every one of them may be created; fast where all are good."""
    if topics and (len(max(topics, key=len)) > MAX_TOPIC or "" in topics or _TOPIC.fullmatch("".join(topics)) is None):
        for topic in topics:
            check_topic(inside(field, topic), topic)


def check_name(field: str, name: str) -> str:
    """The cluster or broker name itself when it may be created; InvalidField otherwise."""
    if name in (".", ".."):
        raise InvalidField(field, "must not be . or ..: in a URL these are no names")
    return _check(field, name, _NAME, MAX_NAME, "letters, digits, and the characters %|_-.")


def check_foreign_name(field: str, name: str) -> str:
    """A cluster or broker name itself when it may come over remoting, whose brokers follow rules of their own.

    InvalidField when it is empty, longer than 255 characters, or has a control character.
    """
    return _check(field, name, _FOREIGN, MAX_NAME, "printable characters")


def check_foreign_address(field: str, address: str) -> str:
    """The address itself when it ends in a port, whatever stands before it; InvalidField otherwise."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or " " in host:
        raise InvalidField(field, "must be host:port")
    _check(field, host, _FOREIGN, MAX_NAME, "printable characters")
    _check_port(field, port)
    return address


def check_foreign_topic(field: str, topic: str) -> str:
    """The topic itself when it may come over remoting; InvalidField as for names, with at most 1,024 characters."""
    return _check(field, topic, _FOREIGN, MAX_FOREIGN, "printable characters")


def check_foreign_topics(field: str, topics: Collection[str]) -> None:
    """InvalidField, which names the topic, unless every one may come over remoting; fast where all are good."""
    longest = len(max(topics, key=len, default=""))
    if longest > MAX_FOREIGN or "" in topics or (topics and _FOREIGN.fullmatch("".join(topics)) is None):
        for topic in topics:
            check_foreign_topic(inside(field, topic), topic)


def _check(field: str, text: str, pattern: re.Pattern[str], limit: int, allowed: str) -> str:
    if not text:
        raise InvalidField(field, "must not be empty")
    if len(text) > limit:
        raise InvalidField(field, f"must have at most {limit} characters")
    if pattern.fullmatch(text) is None:
        raise InvalidField(field, f"may only have {allowed}")
    return text


def check_text(field: str, text: str, limit: int) -> str:
    """The text itself, which people will read, when it is short enough and safe to show; InvalidField otherwise."""
    if len(text) > limit:
        raise InvalidField(field, f"must have at most {limit} characters")
    if _CONTROL.search(text) is not None:
        raise InvalidField(field, "must not have control characters")
    return text


def check_broker_id(field: str, text: str) -> int:
    """A broker id from its decimal digits: 0 is the master; at most 2**63 - 1."""
    if not (text.isascii() and text.isdigit()):
        raise InvalidField(field, "must be decimal digits")
    if len(text) > 19 or int(text) > MAX_BROKER_ID:
        raise InvalidField(field, f"must be at most {MAX_BROKER_ID}")
    return int(text)


def check_address(field: str, address: str) -> str:
    """The address itself when it is `host:port`, IPv6 in brackets, port 1 to 65535; InvalidField otherwise."""
    host, colon, port = address.rpartition(":")
    if not colon or not host:
        raise InvalidField(field, "must be host:port, with an IPv6 host in brackets")
    _check_port(field, port)
    pattern = _IPV6 if host.startswith("[") else _HOST
    if len(host) > MAX_NAME or pattern.fullmatch(host) is None:
        raise InvalidField(field, "must be host:port, with an IPv6 host in brackets")
    return address


def _check_port(field: str, port: str) -> None:
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535 and port[0] != "0"):
        raise InvalidField(field, "must end in a port from 1 to 65535, without a zero before it")
