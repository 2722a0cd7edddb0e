"""Query parameters as checked types."""

from collections.abc import Set
from typing import Any

import msgspec
from yarl import URL

from nsredis.core.errors import InvalidField
from nsredis.http_api.endpoint import Query
from nsredis.http_api.errors import invalid_field


def read_query(url: URL, kind: type[Query], multiple: Set[str]) -> Any:
    """The query of a URL as an object of `kind`; those in `multiple` may stand there many times. InvalidField."""
    values: dict[str, str | list[str]] = {}
    for name, value in url.query.items():
        if name in multiple:
            many = values.setdefault(name, [])
            assert isinstance(many, list)
            many.append(value)
        elif name in values:
            raise InvalidField(name, "must be given once")
        else:
            values[name] = value
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        wrong = invalid_field(error)
        raise InvalidField(wrong.field.partition("[")[0], wrong.rule) from None
