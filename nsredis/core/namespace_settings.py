"""Settings that change answers. They belong to the namespace and live in Redis, so that every node answers alike."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from nsredis.core.errors import InvalidField


@dataclass(frozen=True, slots=True)
class NamespaceSettings:
    """The Java name server's switches with its defaults, and ours. Names in Redis are the camel-case ones."""

    support_acting_master: bool = False
    order_message_enable: bool = False
    return_order_topic_config_to_broker: bool = True
    enable_topic_list: bool = True
    enable_all_topic_list: bool = True
    delete_topic_with_broker_registration: bool = False
    notify_min_broker_id_changed: bool = False
    override_outlives_group: bool = False
    restore_admin_rows: bool = True

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> Self:
        """Settings from what the store holds; names that this release does not know are left alone."""
        known = {camel(field.name): field.name for field in fields(cls)}
        return cls(**{known[name]: value == "true" for name, value in values.items() if name in known})


def camel(name: str) -> str:
    """`support_acting_master` as `supportActingMaster`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def check_setting(name: str, value: str) -> None:
    """InvalidField unless the setting is known and the value is `true`, `false`, or empty (the default)."""
    if name not in {camel(field.name) for field in fields(NamespaceSettings)}:
        raise InvalidField(name, "is no setting of a namespace")
    if value not in ("true", "false", ""):
        raise InvalidField(name, "must be true or false")
