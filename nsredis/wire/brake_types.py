"""The expiry brake as the API tells it."""

from typing import Literal

from msgspec import Struct


class _Answer(Struct, rename="camel", omit_defaults=True):
    """What we send."""


class HeldBroker(_Answer):
    """A broker that stays although its lease has lapsed; it goes at `heldUntilMs` unless it beats before."""

    broker_name: str
    broker_id: int
    address: str
    held_since_ms: int
    held_until_ms: int


class BrakeInfo(_Answer):
    """The brake of a cluster.

    `holding`: so many brokers fell silent together that it is doubted. `letting-go`: an operator wants them gone, and
    they go. `released`: enough beat again; those that are still silent have one lease more.
    """

    cluster: str
    state: Literal["holding", "letting-go", "released"]
    held_count: int
    held: list[HeldBroker]
    since_ms: int | None = None
    why: str = ""
    by: str = ""
    let_go_at_ms: int | None = None
    let_go_by: str = ""
    held_until_ms: int | None = None


class BrakesAnswer(_Answer, omit_defaults=False):
    """Brakes sorted by cluster; of those held, the first thousand by name and id."""

    items: list[BrakeInfo]
    next: str | None = None
