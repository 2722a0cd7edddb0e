"""Settings that change answers. They belong to the namespace and live in Redis, so that every node answers alike."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Self

from nsredis.core.errors import InvalidField
from nsredis.core.leases import MAX_LEASE_MS, MIN_LEASE_MS

Value = bool | int

_DECIMAL: Final = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is declared. `name` is the camel-case one; `least` and `most` bound a number."""

    field: str
    name: str
    default: Value
    help: str
    least: int
    most: int

    @property
    def is_switch(self) -> bool:
        """Whether it is true or false, not a number."""
        return isinstance(self.default, bool)

    def read(self, text: str) -> Value:
        """The value that a text means. InvalidField."""
        if self.is_switch:
            if text not in ("true", "false"):
                raise InvalidField(self.name, "must be true or false")
            return text == "true"
        if _DECIMAL.fullmatch(text) is None or not self.least <= int(text) <= self.most:
            raise InvalidField(self.name, f"must be a whole number from {self.least} to {self.most}")
        return int(text)


def _setting(text: str, *, default: Value, least: int = 0, most: int = 0) -> Any:
    return field(default=default, metadata={"default": default, "help": text, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class NamespaceSettings:
    """The Java name server's switches with its names and defaults, and ours."""

    support_acting_master: bool = _setting(
        "Where a group that registers with enableActingMaster has no master, clients see its lowest slave as a "
        "read-only one.",
        default=False,
    )
    order_message_enable: bool = _setting(
        "Routes carry the topic's value from the key-value namespace ORDER_TOPIC_CONFIG, as orderTopicConf.",
        default=False,
    )
    return_order_topic_config_to_broker: bool = _setting(
        "A broker that registers over remoting is sent ORDER_TOPIC_CONFIG.", default=True
    )
    enable_topic_list: bool = _setting(
        "Topics are listed over remoting by cluster and by unit; otherwise the answer is an error.", default=True
    )
    enable_all_topic_list: bool = _setting(
        "All topics are listed over remoting; otherwise the answer is an error.", default=True
    )
    delete_topic_with_broker_registration: bool = _setting(
        "A registration over remoting drops the topics that it lacks. Not for brokers with enableSplitRegistration: "
        "they send their topics in parts.",
        default=False,
    )
    notify_min_broker_id_changed: bool = _setting(
        "Brokers are told over remoting when the lowest id of their group is another one.", default=False
    )
    override_outlives_group: bool = _setting(
        "A drained group that has left and comes back is still drained.", default=False
    )
    restore_admin_rows: bool = _setting(
        "Nodes put back key-value configuration, overrides and these settings when the store has lost them.",
        default=True,
    )
    remoting_lease_ms: int = _setting(
        "The lease of a broker that registers over remoting and names none, in milliseconds.",
        default=120_000,
        least=MIN_LEASE_MS,
        most=MAX_LEASE_MS,
    )

    brake_min_brokers: int = _setting(
        "The expiry brake: so many brokers of a cluster must fall silent together before their removal waits; 0 turns "
        "the brake off.",
        default=3,
        least=0,
        most=1_000_000,
    )
    brake_percent: int = _setting(
        "And more than this share of the cluster's brokers, in percent.", default=30, least=1, most=100
    )

    @classmethod
    def parse(cls, stored: Mapping[str, str]) -> Self:
        """Settings from what the store holds; never an error.

        Another release may have written it: names that this one does not know are left alone, and where it cannot
        read the value, the default holds.
        """
        found: dict[str, Any] = {}
        for name, text in stored.items():
            setting = SETTINGS.get(name)
            if setting is not None:
                with suppress(InvalidField):
                    found[setting.field] = setting.read(text)
        return cls(**found)

    def values(self) -> dict[str, Value]:
        """All of them by their camel-case names."""
        held = asdict(self)
        return {name: held[setting.field] for name, setting in SETTINGS.items()}

    def as_text(self) -> dict[str, str]:
        """All of them by their camel-case names, as texts that `parse` and `check_setting` take."""
        return {name: setting_text(value) for name, value in self.values().items()}


def camel(name: str) -> str:
    """`support_acting_master` as `supportActingMaster`."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


SETTINGS: Final[Mapping[str, Setting]] = {
    camel(declared.name): Setting(declared.name, camel(declared.name), **declared.metadata)
    for declared in fields(NamespaceSettings)
}
"""Every setting by its camel-case name, the one under which Redis, the API and RocketMQ know it."""


def setting_text(value: Value | None) -> str:
    """A value as the store holds it; None, which stands for the default, is empty."""
    if value is None:
        return ""
    return str(value).lower()


def check_setting(name: str, text: str) -> None:
    """InvalidField unless this is a setting, and the text a value of it, or empty (the default)."""
    setting = SETTINGS.get(name)
    if setting is None:
        raise InvalidField(name, "is no setting of a namespace")
    if text:
        setting.read(text)
