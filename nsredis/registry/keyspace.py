"""Every key name of a namespace. All of them carry the tag `{namespace}`, so a namespace is one Redis Cluster slot."""

import re
from dataclasses import dataclass
from typing import Final

from nsredis.core.brokers import BrokerKey
from nsredis.core.errors import InvalidField
from nsredis.core.names import decode, encode

SCHEMA: Final = 1
"""Version of the layout that this code reads and writes."""

_NAMESPACE: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def broker_row(key: BrokerKey) -> str:
    """The row name of a broker's record, which is also its member in `leases`."""
    return f"broker:{member(key)}"


def member(key: BrokerKey) -> str:
    """A broker in lists of brokers."""
    return f"{encode(key.name)}/{key.id}"


def brake_row(cluster: str) -> str:
    """The row name of a cluster's brake."""
    return f"brake:{encode(cluster)}"


def parse_member(text: str) -> BrokerKey:
    """The inverse of `member`."""
    name, _, broker_id = text.rpartition("/")
    return BrokerKey(decode(name), int(broker_id))


@dataclass(frozen=True, slots=True)
class Keyspace:
    """The keys of one namespace. A row's name is its key without the prefix."""

    namespace: str

    def __post_init__(self) -> None:
        if _NAMESPACE.fullmatch(self.namespace) is None:
            raise InvalidField("namespace", "must have 1 to 64 letters, digits, and the characters _.-")

    @property
    def prefix(self) -> str:
        return f"nsr:{{{self.namespace}}}:"

    def row(self, name: str) -> str:
        """The key of a row."""
        return self.prefix + name

    def broker(self, key: BrokerKey) -> str:
        return self.row(broker_row(key))

    def lease(self, key: BrokerKey) -> str:
        return self.row(f"lease:{encode(key.name)}/{key.id}")

    def offline(self, key: BrokerKey) -> str:
        return self.row(f"offline:{encode(key.name)}/{key.id}")

    def group(self, name: str) -> str:
        return self.row(f"group:{encode(name)}")

    def members(self, cluster: str) -> str:
        return self.row(f"members:{encode(cluster)}")

    def brake(self, cluster: str) -> str:
        return self.row(brake_row(cluster))

    def table(self, name: str) -> str:
        return self.row(f"table:{encode(name)}")

    def kv(self, namespace: str) -> str:
        return self.row(f"kv:{encode(namespace)}")

    def node(self, node_id: str) -> str:
        return self.row(f"nodes:{node_id}")

    @property
    def fixed(self) -> dict[str, str]:
        """The keys that scripts name in their header and that depend on nothing but the namespace."""
        return {
            name: self.row(name)
            for name in ("leases", "settings", "revision", "changes", "rows", "schema", "sweep", "nodes", "braked")
        }

    def lease_events(self, database: int) -> str:
        """The pattern of the keyspace notifications of our lease keys."""
        return f"__keyspace@{database}__:{self.prefix}lease:*"
