"""kvConfig.json, the file in which the Java name server keeps its key-value configuration."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from nsredis.core.errors import InvalidField
from nsredis.core.kv import check_kv
from nsredis.wire import fastjson

TABLE: Final = "configTable"

KvTables = dict[str, dict[str, str]]
"""Values by key, by namespace."""


def read_kv_config(raw: bytes) -> KvTables:
    """What a kvConfig.json holds. Keys whose value is null are left out, as the Java name server has them as absent.

    InvalidField names what breaks a rule, such as `configTable.ORDER_TOPIC_CONFIG.TopicA`.
    """
    try:
        content = fastjson.loads(raw)
    except ValueError as error:
        raise InvalidField("content", f"must be JSON: {error}") from None
    if not isinstance(content, dict) or TABLE not in content:
        raise InvalidField(TABLE, "is required: it holds the namespaces")
    namespaces = _object(TABLE, content[TABLE])
    return {
        name: _entries(name, _object(f"{TABLE}.{name}", entries))
        for name, entries in namespaces.items()
        if entries is not None
    }


def _object(place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidField(place, "must be an object")
    return value


def _entries(namespace: str, entries: dict[str, Any]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, value in entries.items():
        if value is None:
            continue
        place = f"{TABLE}.{namespace}.{key}"
        if not isinstance(value, str):
            raise InvalidField(place, "must be a text or null")
        try:
            check_kv(namespace, key, value)
        except InvalidField as error:
            raise InvalidField(place, error.detail) from None
        kept[key] = value
    return kept


def write_kv_config(tables: Mapping[str, Mapping[str, str]]) -> bytes:
    """A kvConfig.json: compact as the Java name server writes it, but sorted, and with a newline at its end."""
    return orjson.dumps({TABLE: tables}, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
