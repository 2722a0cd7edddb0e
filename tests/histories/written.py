"""Histories written by hand: short words for lines, so that a test shows what it is about."""

from collections.abc import Mapping
from typing import Any

from tests.histories.answers import Groups
from tests.histories.lines import Call, Change, Fault, History, Line, Member, Outcome, Told
from tests.histories.plan import topics_of

LASTS_S = 0.01
"""How long a call takes here."""

LEASE_S = 2.0


def member(broker: str, role: str = "steady", cluster: str = "one") -> Member:
    return Member(broker, cluster, role, LEASE_S)


def _call(client: str, node: str, verb: str, at: float, outcome: Outcome, args: dict[str, Any], **more: Any) -> Call:
    return Call(client, f"{client}@{node}", node, verb, args, at, at + LASTS_S, outcome, **more)


def register(
    broker: str, at: float, *, number: int = 0, instance: int = 1, epoch: int = 1, revision: int = 1,
    outcome: Outcome = "ok", node: str = "0.1",
) -> Call:  # fmt: skip
    args = {"broker": broker, "number": number, "instance": instance, "topics": topics_of(broker[:-2], number)}
    body = {"epoch": epoch, "revision": revision} if outcome == "ok" else None
    status = 200 if outcome == "ok" else 0
    return _call(broker, node, "register", at, outcome, args, status=status, revision=revision, body=body)


def beat(
    broker: str, at: float, *, epoch: int = 1, outcome: Outcome = "ok", status: int = 204, late: bool = False
) -> Call:
    args = {"broker": broker, "epoch": epoch, **({"late": True} if late else {})}
    return _call(f"late {broker}" if late else broker, "0.1", "beat", at, outcome, args, status=status)


def leave(broker: str, at: float, *, epoch: int = 1, outcome: Outcome = "ok", late: bool = False) -> Call:
    args = {"broker": broker, "epoch": epoch, **({"late": True} if late else {})}
    return _call(f"late {broker}" if late else broker, "0.1", "leave", at, outcome, args)


def mark(broker: str, at: float, verb: str = "silence", *, port_closes: bool = False) -> Call:
    return Call(broker, "", "", verb, {"broker": broker, "port_closes": port_closes}, at, at, "ok")


def group(queues: int = 1, *, perm: int = 6, number: str = "0") -> list[Any]:
    """What a route says of one group."""
    return [queues, queues, perm, {number: "127.0.0.1:1"}]


def route(
    topic: str, at: float, groups: dict[str, list[Any]] | None, *, revision: int = 1, node: str = "0.1",
    digest: str = "", outcome: Outcome = "ok", stale_ms: int = 0, client: str = "reader",
) -> Call:  # fmt: skip
    status = 503 if outcome != "ok" else 404 if groups is None else 200
    return _call(
        client, node, "route", at, outcome, {"topic": topic}, status=status, revision=revision, digest=digest,
        stale_ms=stale_ms, body=groups,
    )  # fmt: skip


def routes(at: float, found: Mapping[str, Groups | None], *, revision: int = 1, node: str = "0.1") -> Call:
    args = {"topics": list(found)}
    return _call("reader", node, "routes", at, "ok", args, status=200, revision=revision, body=found)


def listed(at: float, states: dict[str, str], *, revision: int = 1, node: str = "0.1") -> Call:
    """An answer with all brokers."""
    body = {broker: [state, 1, False, {}] for broker, state in states.items()}
    return _call("reader", node, "brokers", at, "ok", {}, status=200, revision=revision, body=body)


def told(topic: str, at: float, revision: int, digest: str, *, stream: str = "watcher@0.1#1") -> Told:
    return Told("watcher", stream, "0.1", f"topic:{topic}", at, revision, digest, None)


def stream(topics: list[str], start: float, end: float, *, name: str = "watcher@0.1#1") -> Call:
    return Call("watcher", name, "0.1", "watch", {"topics": topics}, start, end, "ok", status=200)


def fault(kind: str, start: float, end: float, *, target: str = "store", healed: float | None = None) -> Fault:
    return Fault(kind, target, start, end, end + 0.2 if healed is None else healed)


def change(kind: str, at: float, revision: int, *subjects: str) -> Change:
    return Change(revision, kind, at, list(subjects), "node", "why")


def kv(
    verb: str, key: str, start: float, end: float, value: str | None, *, outcome: Outcome = "ok", code: str = "",
    **args: Any,
) -> Call:  # fmt: skip
    """A call about a key: `kv-get` found this value, `kv-put` writes it."""
    given = {"key": key, **args} | ({} if verb == "kv-get" else {"value": value})
    body = value if verb == "kv-get" else None
    return Call(f"kv {start}", f"kv {start}", "0.1", verb, given, start, end, outcome, code=code, body=body)


def history(*lines: Line) -> History:
    return History.of(lines)
