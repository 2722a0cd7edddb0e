"""What can be wrong with a request's form, and how msgspec's words become a field and a rule."""

import re
from typing import Final

import msgspec

from nsredis.core.errors import InvalidField, NsredisError


class Malformed(NsredisError):
    """The body is not JSON, or not what its encoding says."""

    code = "malformed"


class TooLarge(NsredisError):
    """The body is larger than this node reads."""

    code = "too-large"


class TooSlow(NsredisError):
    """The request did not come in fast enough."""

    code = "too-slow"


class ExpectationFailed(NsredisError):
    """The request expects what this API does not do."""

    code = "expectation-failed"


class UnsupportedMedia(NsredisError):
    """A media type or an encoding that this API does not read."""

    code = "unsupported-media"


class NoSuchPath(NsredisError):
    """The API has no such path."""

    code = "no-such-path"


class MethodNotAllowed(NsredisError):
    """The path has other methods; `allowed` lists them."""

    code = "method-not-allowed"

    def __init__(self, detail: str, allowed: str) -> None:
        super().__init__(detail)
        self.allowed = allowed


class Unexpected(NsredisError):
    """A fault of ours; the log says more."""

    code = "unexpected"


_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.+)`")
_PLACE: Final = re.compile(r" - at `(?P<path>[^`]*)`$")


def invalid_field(error: msgspec.ValidationError, inside: str = "") -> InvalidField:
    """The field that breaks a rule, as a path such as `topics.TopicA.perm`; `inside` is the path of what was read."""
    words = str(error)
    place = _PLACE.search(words)
    path = (place["path"] if place else "").removeprefix("$").removeprefix("key in ").lstrip(".")
    words = _PLACE.sub("", words)
    if (missing := _MISSING.fullmatch(words)) is not None:
        name, rule = missing["name"], "is required"
    elif (unknown := _UNKNOWN.fullmatch(words)) is not None:
        name, rule = unknown["name"], "is not a field here"
    elif words == "Expected `str` of length >= 1":
        name, rule = "", "must not be empty"
    else:
        name, rule = "", "must be as follows: " + words[0].lower() + words[1:]
    field = ".".join(part for part in (inside, path, name) if part)
    return InvalidField(field or "body", rule)
