"""The parameters of a request, which RocketMQ calls its extension fields: always text, read with clear errors."""

from typing import Final

from nsredis.core.errors import InvalidField
from nsredis.core.names import check_broker_id
from nsredis.wire.commands import Command

MAX_INT64: Final = 2**63 - 1


def optional(request: Command, name: str) -> str:
    """A parameter; empty when it was not sent, which is the same to RocketMQ's binary header."""
    return (request.ext or {}).get(name, "")


def required(request: Command, name: str) -> str:
    """A parameter. InvalidField when it was not sent."""
    value = optional(request, name)
    if not value:
        raise InvalidField(name, "is required")
    return value


def shown(request: Command, name: str) -> str:
    """A parameter as Java prints it in remarks: `null` when it was not sent."""
    return (request.ext or {}).get(name, "null")


def flag(request: Command, name: str) -> bool:
    """Whether a parameter is `true` in any case, as Java's Boolean.parseBoolean has it."""
    return optional(request, name).lower() == "true"


def broker_id(request: Command, name: str = "brokerId") -> int:
    """The id of a broker. InvalidField when it was not sent or is none."""
    return check_broker_id(name, required(request, name))


def whole_number(request: Command, name: str, default: int) -> int:
    """A whole number, negative ones included. InvalidField when it is none."""
    text = optional(request, name)
    if not text:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19 or int(digits) > MAX_INT64:
        raise InvalidField(name, "must be a whole number")
    return int(text)
