"""Bodies of the API for how far the nodes are."""

from msgspec import Struct


class NodeProgress(Struct, rename="camel"):
    """How far a live node is. `lagMs` is 0 while it follows Redis; a node that is not ready serves no route."""

    id: str
    revision: int
    lag_ms: int
    ready: bool
    applied: bool


class ConvergenceAnswer(Struct, rename="camel"):
    """The live nodes by id; `converged` when all of them have applied `revision`."""

    revision: int
    converged: bool
    items: list[NodeProgress]
