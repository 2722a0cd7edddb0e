"""Key-value configuration, as RocketMQ's KVConfig."""

from typing import Final, NamedTuple

from nsredis.core.errors import InvalidField

MAX_KEY: Final = 1024
MAX_VALUE: Final = 65536


class KvEntry(NamedTuple):
    """One key of one KV namespace; `revision` is that of its last change."""

    namespace: str
    key: str
    value: str
    revision: int


def check_kv(namespace: str, key: str, value: str = "") -> None:
    """InvalidField when a part is empty or too long (characters)."""
    for field, text, top in (("namespace", namespace, MAX_KEY), ("key", key, MAX_KEY)):
        if not text:
            raise InvalidField(field, "must not be empty")
        if len(text) > top:
            raise InvalidField(field, f"must have at most {top} characters")
    if len(value) > MAX_VALUE:
        raise InvalidField("value", f"must have at most {MAX_VALUE} characters")
