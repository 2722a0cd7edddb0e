"""What a store's URL says, in any of its forms. Connects nothing."""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from nsredis.core.errors import InvalidField

SCHEMES: Final = (
    "redis",
    "rediss",
    "unix",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
)
SENTINEL_PORT: Final = 26379
STORE_PORT: Final = 6379

Kind = Literal["single", "sentinel", "cluster"]
Place = tuple[str, int]
"""Host, an IPv6 one without its brackets, and port."""

_PLACE: Final = re.compile(r"(?:\[([0-9a-fA-F:.%]+)\]|([^\[\]:@,]+))(?::([0-9]{1,5}))?")
_SWITCHES: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def place_text(place: Place) -> str:
    """The place as people write it."""
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A URL taken apart. `server` and `sentinel` are URLs of the client library, with user and options: their host
    stands for whichever is found.
    """

    kind: Kind
    places: tuple[Place, ...]
    server: str
    sentinel: str = ""
    master: str = ""

    @classmethod
    def parse(cls, url: str) -> "StoreUrl":
        """InvalidField when the URL is not understood, without the password in its words."""
        scheme = urlsplit(url).scheme
        if scheme not in SCHEMES:
            raise _wrong(f"must be a URL that starts with {', '.join(name + '://' for name in SCHEMES)}")
        plain, _, kind = scheme.partition("+")
        if not kind:
            return cls("single", (), url)
        return _several(url, tls=plain == "rediss", sentinel=kind == "sentinel")


def describe(url: str) -> str:
    """The URL without its user, password and options, to print."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"


def _several(url: str, *, tls: bool, sentinel: bool) -> StoreUrl:
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    places = _places(hosts, SENTINEL_PORT if sentinel else STORE_PORT)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    tls = _switch(options, "tls", tls)
    first, _, second = parts.path.strip("/").partition("/")
    if sentinel:
        if not first:
            raise _wrong("must name the primary after the hosts: redis+sentinel://host1,host2/mymaster")
        sentinel_tls = _switch(options, "sentinel_tls", tls)
        login = _login(options.pop("sentinel_username", ""), options.pop("sentinel_password", ""))
        return StoreUrl(
            "sentinel",
            places,
            _one("rediss" if tls else "redis", user, places[0], _database(second), options),
            _one("rediss" if sentinel_tls else "redis", login, places[0], 0, _of_the_connection(options)),
            unquote(first),
        )
    if second or _database(first):
        raise _wrong("must name no database but 0: a cluster has no other")
    return StoreUrl("cluster", places, _one("rediss" if tls else "redis", user, places[0], 0, options))


def _places(hosts: str, port: int) -> tuple[Place, ...]:
    places = []
    for text in hosts.split(","):
        found = _PLACE.fullmatch(text)
        if found is None or int(found[3] or port) > 65535:
            raise _wrong("must list hosts as host1:port1,host2:port2, with IPv6 ones in brackets")
        places.append((found[1] or unquote(found[2]), int(found[3] or port)))
    return tuple(places)


def _database(text: str) -> int:
    if text and not (text.isascii() and text.isdigit()):
        raise _wrong("must end with the number of a database, or without one")
    return int(text or 0)


def _switch(options: dict[str, str], name: str, default: bool) -> bool:  # noqa: FBT001 - a default is no switch
    given = options.pop(name, None)
    if given is None:
        return default
    if given.lower() not in _SWITCHES:
        raise _wrong(f"must have true or false for {name}")
    return _SWITCHES[given.lower()]


def _login(user: str, password: str) -> str:
    return urlencode([(user, password)]).replace("=", ":").replace("+", "%20") if user or password else ""


def _of_the_connection(options: dict[str, str]) -> dict[str, str]:
    """The options that hold for Sentinels too: certificates and time-outs, not whom the store lets in."""
    return {name: value for name, value in options.items() if name.startswith(("ssl_", "socket_"))}


def _one(scheme: str, user: str, place: Place, database: int, options: dict[str, str]) -> str:
    login = f"{user}@" if user else ""
    query = f"?{urlencode(options)}" if options else ""
    return f"{scheme}://{login}{place_text(place)}/{database}{query}"


def _wrong(rule: str) -> InvalidField:
    return InvalidField("redis", rule)
