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
    known = None if kind.__struct_config__.forbid_unknown_fields else kind.__struct_encode_fields__
    for name, value in url.query.items():
        if known is not None and name not in known:
            continue
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
