import pytest

from nsredis.core.errors import InvalidField
from nsredis.core.kv import MAX_KEY, MAX_VALUE, check_kv


def test_what_may_be_kept() -> None:
    check_kv("n" * MAX_KEY, "k" * MAX_KEY, "v" * MAX_VALUE)
    check_kv("ORDER_TOPIC_CONFIG", "any text, ü / %", "")


@pytest.mark.parametrize(
    ("namespace", "key", "value", "field"),
    [
        ("", "k", "v", "namespace"),
        ("n", "", "v", "key"),
        ("n" * (MAX_KEY + 1), "k", "v", "namespace"),
        ("n", "k" * (MAX_KEY + 1), "v", "key"),
        ("n", "k", "v" * (MAX_VALUE + 1), "value"),
    ],
)
def test_what_may_not(namespace: str, key: str, value: str, field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        check_kv(namespace, key, value)
    assert refused.value.field == field
