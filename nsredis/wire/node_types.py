"""The name server nodes as the API tells of them."""

from msgspec import Struct


class _Answer(Struct, rename="camel"):
    """What we send."""


class NodeInfo(_Answer):
    """A live name server node. `lagMs` is 0 while it follows Redis."""

    id: str
    http: str
    remoting: str
    ready: bool
    revision: int
    lag_ms: int
    version: str
    started_at_ms: int


class LostNodeInfo(_Answer):
    """A name server node that fell silent within the last hour and did not say that it goes."""

    id: str
    http: str
    remoting: str
    version: str
    last_seen_ms: int


class NodesAnswer(_Answer):
    """The live nodes sorted by id, and on every page those that were lost."""

    items: list[NodeInfo]
    next: str | None = None
    lost: list[LostNodeInfo] = []
