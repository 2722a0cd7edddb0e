"""Promise 5: a broker that stopped is gone from every node that follows half a second after its lease."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.histories import disturbances
from tests.histories.lines import INFINITY, Call, History, Member
from tests.histories.lives import own_calls
from tests.histories.verdict import Verdict

PROMISED_S: Final = 0.5
MACHINE_S: Final = 0.25
"""What several processes on few cores may be late beside what was measured."""

MARGIN_S: Final = 1.0
"""After a fault a node's next try may be so far."""


@dataclass(frozen=True, slots=True)
class Stop:
    """From `gone` on, and before `back`, nobody may see the broker."""

    broker: str
    how: str
    at: float
    gone: float
    back: float


def check(history: History) -> Verdict:
    """Routes and lists of brokers on nodes that follow."""
    verdict = Verdict()
    by_name: dict[str, list[Stop]] = {}
    for stop in stops(history):
        by_name.setdefault(stop.broker, []).append(stop)
    for call in history.verbs("route", "routes", "brokers"):
        if not call.ok or call.stale_ms or disturbances.disturbed(history, call.node, call.start - 2.5, call.start):
            continue
        present = _present(call)
        for broker, its in by_name.items():
            for stop in its:
                due = stop.gone < call.start and call.end < stop.back
                if due and not verdict.kept(broker not in present):
                    seen = f"is seen by {call.client} at node {call.node} at {call.start:.3f} s"
                    verdict.violated(f"{broker} ({stop.how} at {stop.at:.3f} s), due at {stop.gone:.3f} s, {seen}")
    return verdict


def _present(call: Call) -> set[str]:
    if call.verb == "brokers":
        return {broker for broker, (state, *_) in call.body.items() if state != "offline"}
    groups = [call.body] if call.verb == "route" else list(call.body.values())
    return {f"{name}/{number}" for found in groups if found for name, row in found.items() for number in row[3]}


def stops(history: History) -> Iterator[Stop]:
    """Every stop of a broker whose end can be told."""
    members = {member.broker: member for member in history.members}
    stalls = disturbances.Stalls(history)
    for broker, calls in own_calls(history).items():
        for i, call in enumerate(calls):
            if call.verb not in ("leave", "silence"):
                continue
            lease_s = 0.0 if call.verb == "leave" and call.ok else members[broker].lease_s
            before, after = calls[: i + 1], calls[i + 1 :]
            back = next((later.start for later in after if later.verb in ("register", "speak")), INFINITY)
            counted = _last_effect(history, before) + lease_s
            due = disturbances.settled(history, call.start - lease_s, counted + PROMISED_S, lease_s, MARGIN_S)
            due = _unbraked(history, members[broker], call.start, due)
            gone = due + MACHINE_S + stalls.between(call.start, due)
            if gone < back:
                yield Stop(broker, call.verb, call.start, gone, back)


def _last_effect(history: History, before: list[Call]) -> float:
    """When what the broker said last may have arrived at the latest."""
    latest = 0.0
    for call in before[-12:]:
        at = call.end
        if call.outcome == "unknown":  # held back on its way, it may arrive when the way is free again
            healed = [f.healed for f in history.faults if f.start <= call.end and call.start <= f.healed]
            at = max(healed, default=call.end) + MARGIN_S
        latest = max(latest, at)
    return latest


def _unbraked(history: History, member: Member, start: float, due: float) -> float:
    """The brake puts it off to its release and one lease more; without a release, for ever."""
    brake = f"brake:{member.cluster}"
    engaged_at: float | None = None
    for change in history.changes:
        if brake not in change.subjects and not (change.kind == "brake-held" and _names(change.subjects, member)):
            continue
        if change.kind == "brake-held" and engaged_at is None:
            engaged_at = change.at
        elif change.kind == "brake-released" and engaged_at is not None:
            if engaged_at <= due and change.at >= start:
                due = max(due, change.at + member.lease_s + PROMISED_S)
            engaged_at = None
    if engaged_at is not None and engaged_at <= due:
        return INFINITY
    return due


def _names(subjects: list[str], member: Member) -> bool:
    return f"broker:{member.broker}" in subjects
