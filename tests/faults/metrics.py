"""What a node says of itself at /metrics."""

from tests.support.api import Api


async def metric(node: Api, name: str) -> float:
    """The sum of all samples whose name and labels begin so."""
    text = (await node.get("/metrics")).body.decode()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))
