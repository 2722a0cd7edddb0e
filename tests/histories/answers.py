"""Of an answer, what validators read: names, addresses and the numbers that tell registrations apart."""

from typing import Any, Final

import orjson

Groups = dict[str, list[Any]]
"""Of one topic: group -> [read queues, write queues, permission, {broker id: address}]."""


def route(content: Any) -> Groups:
    """A TopicRouteData, made short."""
    addresses = {data["brokerName"]: data["brokerAddrs"] for data in content["brokerDatas"]}
    return {
        row["brokerName"]: [row["readQueueNums"], row["writeQueueNums"], row["perm"], addresses[row["brokerName"]]]
        for row in content["queueDatas"]
    }


def _items(content: Any) -> Any:
    return content["items"]


def _routes(content: Any) -> dict[str, Groups | None]:
    return {topic: None if found is None else route(found) for topic, found in content["items"].items()}


def _clusters(content: Any) -> dict[str, list[str]]:
    return {item["cluster"]: [data["brokerName"] for data in item["brokerDatas"]] for item in content["items"]}


def broker(item: Any) -> list[Any]:
    """A broker as [state, epoch, whether the brake holds it, all that is said of it]."""
    return [item["state"], item.get("epoch", 0), "heldSinceMs" in item, item]


def _brokers(content: Any) -> dict[str, list[Any]]:
    return {f"{item['brokerName']}/{item['brokerId']}": broker(item) for item in content["items"]}


def _kv(content: Any) -> str:
    return str(content["value"])


_READERS: Final = {
    "route": route,
    "routes": _routes,
    "topics": _items,
    "clusters": _clusters,
    "brokers": _brokers,
    "kv-get": _kv,
    "kv-read": _kv,
    "kv-put": _kv,
}


def short(verb: str, status: int, body: bytes) -> Any:
    """What is kept of a body; None when there is none, or when it is not one of the kind."""
    if not 200 <= status < 300 or not body:
        return None
    content = orjson.loads(body)
    read = _READERS.get(verb)
    if read is not None:
        return read(content)
    return {name: content[name] for name in ("epoch", "revision") if name in content} or None


def event(data: str) -> tuple[str, str, Any]:
    """An event of a watch: its subject, the text that stands for what it says, and that made short.

    A route's text is the very bytes that the route itself is answered with.
    """
    content = orjson.loads(data)
    if "topic" not in content:
        return f"broker:{content['brokerName']}/{content['brokerId']}", data, broker(content)
    subject = f"topic:{content['topic']}"
    if content["route"] is None:
        return subject, "", None
    tail = b',"topic":' + orjson.dumps(content["topic"]) + b"}"
    return subject, data.removeprefix('{"route":').removesuffix(tail.decode()), route(content["route"])
