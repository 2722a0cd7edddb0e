"""Changes of the namespace: their kinds, and why a broker left."""

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """What a change did; the `kind` of an event."""

    REGISTER = "register"
    UPDATE = "update"
    MOVE = "move"  # another address took the broker's id
    EXPIRE = "expire"
    UNREGISTER = "unregister"
    LOST = "lost"  # its connection closed and its port refuses
    SUSPECT = "suspect"  # its connection closed, and nothing more is known
    RECOVERED = "recovered"  # a suspect, or one that the brake held, beat again
    BRAKE_HELD = "brake-held"  # so many fell silent together that their removal waits
    BRAKE_LET_GO = "brake-let-go"  # an operator wants those gone that are held
    BRAKE_RELEASED = "brake-released"
    TOPICS = "topics"
    DELETE_TOPIC = "delete-topic"
    OVERRIDE = "override"
    LIFT_OVERRIDE = "lift-override"
    PUT_KV = "put-kv"
    DELETE_KV = "delete-kv"
    SETTINGS = "settings"
    FORGET = "forget"  # the record of an offline broker ran out
    RESTORE = "restore"  # a node put back what the store had lost
    NAME_REFUSED = "name-refused"  # a broker of another cluster claimed a brokerName; nothing else changed
    ADDRESS_FROZEN = "address-frozen"  # addresses fight for an id; one holds it for now, and nothing else changed
    OPEN = "open"  # the namespace was created


class Removal(StrEnum):
    """Why a broker is offline."""

    EXPIRED = "expired"
    UNREGISTERED = "unregistered"
    CONNECTION_LOST = "connection-lost"
    MOVED = "moved"  # its address registered under another id


@dataclass(frozen=True, slots=True)
class Change:
    """One revision. `subjects` are row names such as `broker:a/0`, `table:a`, `kv:ns`."""

    revision: int
    tag: str
    kind: str
    at_ms: int
    subjects: tuple[str, ...]
    by: str = ""
    why: str = ""
