"""What /v1/explain says, which must never contradict the route itself."""

from typing import Any
from urllib.parse import quote

from tests.support.api import Api


async def explained(api: Api, topic: str, query: str = "") -> Any:
    """The explanation of a topic."""
    reply = await api.get(f"/v1/explain/{quote(topic, safe='')}{query}")
    assert reply.status == 200, reply
    routed = (await api.get(f"/v1/routes/{quote(topic, safe='')}{query}")).status == 200
    assert reply.json["route"] is routed
    return reply.json


def standings(found: Any) -> dict[str, str]:
    """How each group stands to the topic."""
    return {group["brokerName"]: group["standing"] for group in found["groups"]}
