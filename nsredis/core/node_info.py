"""What name server nodes tell each other about themselves."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """A live node. `lag_ms`: how long its view has not been known to match Redis; 0 while it follows."""

    id: str
    http: str
    remoting: str
    ready: bool
    revision: int
    tag: str
    lag_ms: int
    version: str
    started_at_ms: int


@dataclass(frozen=True, slots=True)
class LostNode:
    """A node that fell silent without saying that it goes: it died, hangs, or is cut off. Times are Redis' clock."""

    id: str
    http: str
    remoting: str
    version: str
    last_seen_ms: int
