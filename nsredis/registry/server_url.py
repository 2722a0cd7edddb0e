"""What the URL of one server may say: checked before anything is connected, so that a slip of the pen is told."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from nsredis.core.errors import InvalidField

SCHEMES: Final = ("redis", "rediss", "unix")


def _whole(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def _positive(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) is not None and float(text) > 0


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda text: text.lower() in words


_SWITCH: Final = (_one_of("true", "false", "yes", "no", "1", "0"), "true or false")
_TEXT: Final[tuple[Callable[[str], bool], str]] = (bool, "some text")

OPTIONS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "db": (_whole, "the number of a database"),
    "username": _TEXT,
    "password": _TEXT,
    "client_name": _TEXT,
    "protocol": (_one_of("2", "3"), "2 or 3"),
    "socket_timeout": (_positive, "a number of seconds"),
    "socket_connect_timeout": (_positive, "a number of seconds"),
    "socket_keepalive": _SWITCH,
    "health_check_interval": (_whole, "a whole number of seconds"),
}
TLS_OPTIONS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "ssl_ca_certs": _TEXT,
    "ssl_ca_path": _TEXT,
    "ssl_certfile": _TEXT,
    "ssl_keyfile": _TEXT,
    "ssl_password": _TEXT,
    "ssl_ciphers": _TEXT,
    "ssl_cert_reqs": (_one_of("none", "optional", "required"), "none, optional or required"),
    "ssl_check_hostname": _SWITCH,
}

FILES: Final[dict[str, tuple[Callable[[Path], bool], str]]] = {
    "ssl_ca_certs": (Path.is_file, "file"),
    "ssl_certfile": (Path.is_file, "file"),
    "ssl_keyfile": (Path.is_file, "file"),
    "ssl_ca_path": (Path.is_dir, "folder"),
}
"""Options that name what must be on this machine."""


def check_files(url: str) -> None:
    """InvalidField unless all that the options name is there and can be read."""
    for name, value in parse_qsl(urlsplit(url).query):
        if name in FILES:
            is_there, kind = FILES[name]
            if not (is_there(Path(value)) and os.access(value, os.R_OK)):
                raise _wrong(f"must name a {kind} that can be read for the option {name}: {value} is none")


def check_server_url(url: str) -> None:
    """InvalidField, without the password in its words, unless this names one server and nothing that is not known."""
    if url.partition("://")[0] not in SCHEMES:
        raise _wrong(f"must be a URL that starts with {', '.join(name + '://' for name in SCHEMES)}")
    if "#" in url:
        raise _wrong("must not have a #: in a password it is %23")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _wrong("must have a host, an IPv6 one in brackets, and a port from 1 to 65535") from None
    if parts.scheme == "unix":
        _check_socket(parts)
    else:
        if not parts.hostname or port == 0:
            raise _wrong("must have a host, and a port from 1 to 65535 if any")
        if re.fullmatch(r"(/[0-9]{0,9})?", unquote(parts.path)) is None:
            raise _wrong("must end with the number of a database, such as /0, or without one")
    _check_options(parts)


def _check_socket(parts: SplitResult) -> None:
    if parts.netloc.rpartition("@")[2] or len(parts.path) < 2:
        raise _wrong("must name a socket by its whole path, such as unix:///run/redis/redis.sock")


def _check_options(parts: SplitResult) -> None:
    known = OPTIONS | TLS_OPTIONS if parts.scheme == "rediss" else OPTIONS
    seen = set()
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            more = "; it goes with rediss://" if name in TLS_OPTIONS else ""
            raise _wrong(f"has no option {_shown(name)}{more}")
        if name in seen:
            raise _wrong(f"must have the option {name} once")
        seen.add(name)
        fits, rule = known[name]
        if not fits(value):
            raise _wrong(f"must have {rule} for the option {name}")


def _shown(name: str) -> str:
    """A name that others wrote: what a slip of the pen may have made of a password is not shown."""
    return name if re.fullmatch(r"[a-z_]{1,40}", name) else "of that name"


def _wrong(rule: str) -> InvalidField:
    return InvalidField("redis", rule)
