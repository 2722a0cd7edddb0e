"""The rules that values of settings must keep: each raises InvalidField with the rule in words."""

import re
from collections.abc import Callable
from typing import Any, Final

from nsredis.core.errors import InvalidField
from nsredis.core.names import check_address
from nsredis.registry.keyspace import Keyspace
from nsredis.registry.link import check_url
from nsredis.registry.server_url import check_files
from nsredis.remoting.addresses import Networks

_NODE_ID: Final = re.compile(r"[a-zA-Z0-9_.:-]{1,128}")

Check = Callable[[str, Any], object]
"""Called with the setting's name and value; raises InvalidField."""


def listening(name: str, value: str) -> None:
    """An address to listen on; port 0 takes a free one."""
    host, _, port = value.rpartition(":")
    check_address(name, f"{host}:1" if port == "0" else value)


def address_or_empty(name: str, value: str) -> None:
    """An address that others can connect to, or nothing."""
    if value:
        check_address(name, value)


def addresses_or_empty(name: str, value: str) -> None:
    """Addresses with semicolons between them, or nothing."""
    for address in value.split(";") if value else ():
        check_address(name, address)


def networks_or_empty(name: str, value: str) -> None:
    """Addresses and ranges with commas between them, or nothing."""
    try:
        Networks(value.split(",") if value else ())
    except ValueError as error:
        raise InvalidField(name, f"must be addresses or ranges such as 10.0.0.0/8: {error}") from None


def one_of(*words: str) -> Check:
    """One of some words; an empty one is no word at all."""

    def check(name: str, value: str) -> None:
        if value not in words:
            told = ", ".join(word for word in words if word)
            raise InvalidField(name, f"must be {'empty, or ' if '' in words else ''}one of {told}")

    return check


def between(least: int, most: int) -> Check:
    """A number in a range, both ends included."""

    def check(name: str, value: int) -> None:
        if not least <= value <= most:
            raise InvalidField(name, f"must be from {least} to {most}")

    return check


def store_url_or_empty(_: str, value: str) -> None:
    """A URL that a link can be made from, whose files are there, or nothing. Connects nothing."""
    if value:
        check_url(value)
        check_files(value)


def namespace(_: str, value: str) -> None:
    """The name of a registry inside a store."""
    Keyspace(value)


def node_id(name: str, value: str) -> None:
    """What a node may call itself: it stands in an HTTP header."""
    if _NODE_ID.fullmatch(value) is None:
        raise InvalidField(name, "must have 1 to 128 letters, digits, and the characters _.:-")


def anything(_: str, __: object) -> None:
    """No rule beside the type."""
